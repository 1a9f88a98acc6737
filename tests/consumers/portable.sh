#!/usr/bin/env bash
# portable.sh SOURCE CXX headers|32bit|32bit-some: every public header of the core by itself, all warnings on, by CXX, gcc
# and clang, and what the headers refuse; or the core (or some of it) compiled for 32 bits, which finds what needs 64
# (exits with 77, "skipped", where the compiler has no 32-bit library).
set -euo pipefail
source=$1 cxx=$2 what=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
common=(-std=c++17 -fsyntax-only -Wall -Wextra -Werror -I"$source/include")

# refuses MESSAGE COMPILER ARGUMENT...: where what is not supported is asked for, the headers say so first.
refuses() {
  local message=$1 said
  shift
  echo '#include "orionrt/orionrt.hpp"' >"$folder/one.cpp"
  if said=$("$@" -fsyntax-only -w -I"$source/include" "$folder/one.cpp" 2>&1); then
    echo "compiled in spite of $*"
    exit 1
  fi
  grep -q "error.*$message" <<<"$said" || { echo "$* does not say \"$message\""; exit 1; }
}

headers() {
  local header compiler compilers=("$cxx")
  for compiler in $(command -v g++ clang++ || true); do
    [ "$(readlink -f "$compiler")" = "$(readlink -f "$(command -v "$cxx")")" ] || compilers+=("$compiler")
  done
  for compiler in "${compilers[@]}"; do
    for header in "$source"/include/orionrt/*.hpp; do
      case "$header" in */cuda.hpp | */opencl.hpp) continue ;; esac # of other's types
      echo "#include \"orionrt/$(basename "$header")\"" >"$folder/one.cpp"
      "$compiler" "${common[@]}" -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast "$folder/one.cpp" ||
        { echo "$header does not stand alone: $compiler"; exit 1; }
    done
    refuses "C++17" "$compiler" -std=c++14
    refuses "gcc and clang" "$compiler" -std=c++17 -U__GNUC__
    refuses "ints and addresses of 32 bits" "$compiler" -std=c++17 -U__SIZEOF_INT__ -D__SIZEOF_INT__=2
  done
}

# bits32 FILE...: relative to SOURCE.
bits32() {
  # Headers of the system are found without packages of a foreign architecture.
  local narrow=(-m32 -idirafter "/usr/include/$("$cxx" -print-multiarch)") file
  printf '#include <vector>\n#include <cstdlib>\n' >"$folder/one.cpp"
  "$cxx" "${common[@]}" "${narrow[@]}" "$folder/one.cpp" 2>/dev/null ||
    { echo "no 32-bit library of $cxx (Debian: g++-12-multilib): skipped"; exit 77; }
  for file in "$@"; do
    "$cxx" "${common[@]}" "${narrow[@]}" -Wshadow -I"$source/src" "$source/$file" || { echo "$file"; exit 1; }
  done
}

core() {
  (cd "$source" && find src -name '*.cpp' ! -path 'src/io/*' ! -path 'src/report/*' ! -path 'src/devices/*' |
    grep -v 'src/capi/capi_\(io\|onnx\|tflite\)\.cpp')
}

case "$what" in
  headers) headers ;;
  32bit) mapfile -t files < <(core) && bits32 "${files[@]}" ;;
  32bit-some) bits32 src/capi/capi_pool.cpp ;; # which includes nearly all public headers
  *) echo "usage: portable.sh SOURCE CXX headers|32bit|32bit-some"; exit 2 ;;
esac
