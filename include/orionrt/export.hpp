// Marks the public symbols; everything else is hidden.
//
// Without any macro these headers mean the static archive: they ask for no visibility, and a plugin that links the
// archive with -fvisibility=hidden exports nothing of it. The shared library is compiled with ORIONRT_SHARED, and its
// CMake target and .pc files define it for whoever links it.
#pragma once

#if defined(ORIONRT_SHARED) && !defined(_WIN32)
#define ORIONRT_API __attribute__((visibility("default")))
#else
#define ORIONRT_API
#endif
