#!/usr/bin/env bash
# portable.sh SOURCE CXX headers|32bit: every public header of the core by itself, all warnings on; or the core compiled
# for 32 bits, which finds what needs 64 (exits with 77, "skipped", where the compiler has no 32-bit library).
set -euo pipefail
source=$1 cxx=$2 what=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
common=(-std=c++17 -fsyntax-only -Wall -Wextra -Werror -I"$source/include")

headers() {
  local header
  for header in "$source"/include/orionrt/*.hpp; do
    case "$header" in */cuda.hpp | */opencl.hpp) continue ;; esac # of other's types
    echo "#include \"orionrt/$(basename "$header")\"" >"$folder/one.cpp"
    "$cxx" "${common[@]}" -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast "$folder/one.cpp" ||
      { echo "$header does not stand alone"; exit 1; }
  done
}

bits32() {
  # Headers of the system are found without packages of a foreign architecture.
  local narrow=(-m32 -idirafter "/usr/include/$("$cxx" -print-multiarch)") file
  printf '#include <vector>\n#include <cstdlib>\n' >"$folder/one.cpp"
  "$cxx" "${common[@]}" "${narrow[@]}" "$folder/one.cpp" 2>/dev/null ||
    { echo "no 32-bit library of $cxx (Debian: g++-12-multilib): skipped"; exit 77; }
  for file in $(cd "$source" && find src -name '*.cpp' ! -path 'src/io/*' ! -path 'src/report/*' \
                ! -path 'src/devices/*'); do
    case "$file" in src/capi/capi_io.cpp | src/capi/capi_onnx.cpp | src/capi/capi_tflite.cpp) continue ;; esac
    "$cxx" "${common[@]}" "${narrow[@]}" -Wshadow -I"$source/src" "$source/$file" || { echo "$file"; exit 1; }
  done
}

case "$what" in
  headers) headers ;;
  32bit) bits32 ;;
  *) echo "usage: portable.sh SOURCE CXX headers|32bit"; exit 2 ;;
esac
