"""Plans of OrionRT in other people's engines, which stay as they are: a module each, imported by name.

``orionrt.integrations.iree``: the arenas of a compiled IREE module.
``orionrt.integrations.omnimalloc``: an allocator of omnimalloc.
"""
