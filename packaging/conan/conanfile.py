"""Conan 2: the core, which needs nothing but a compiler and CMake. `conan create packaging/conan --no-remote`."""

import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir


class OrionRT(ConanFile):
    name = "orionrt"
    license = "Apache-2.0"
    description = "Memory planner and run-time allocator for static execution graphs"
    topics = ("memory", "inference", "allocator", "planner")
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "../../include/orionrt/config.hpp"))
        self.version = re.search(r'ORIONRT_VERSION "([^"]+)"', header).group(1)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "../..")
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, src=root, dst=self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("CLI", "EXAMPLES", "IO", "ONNX", "TFLITE", "CUDA", "OPENCL"):
            toolchain.cache_variables[f"ORIONRT_BUILD_{part}"] = "OFF"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))  # Conan writes its own

    def package_info(self):
        # The package's own CMake files know the components.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "orionrt")]
        self.cpp_info.set_property("pkg_config_name", "orionrt")
        self.cpp_info.libs = ["orionrt"]
        if self.options.shared:
            self.cpp_info.defines = ["ORIONRT_SHARED"]
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["m"]
