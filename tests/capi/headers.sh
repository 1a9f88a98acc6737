#!/usr/bin/env bash
# headers.sh INCLUDE CC CXX [CC CXX]...: the C headers by themselves, each with every pair of compilers that is there:
# orionrt_plan.h as on a machine without a system, for 32 bits, too; all of them with their short names.
set -euo pipefail
include=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
strict=(-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -pedantic -Werror -I"$include")
bare=(-ffreestanding -fno-exceptions)
tried=0

# compile WHAT COMPILER ARGUMENT...: of $folder/one.c.
compile() {
  local what=$1
  shift
  "$@" "${strict[@]}" -c "$folder/one.c" -o "$folder/one.o" || { echo "$what: refused by $*"; exit 1; }
  tried=$((tried + 1))
}

while [ $# -ge 2 ]; do
  cc=$1 cxx=$2
  shift 2
  command -v "$cc" >/dev/null && command -v "$cxx" >/dev/null || continue
  echo '#include <orionrt_plan.h>' >"$folder/one.c"
  compile "C99, bare" "$cc" -std=c99 "${bare[@]}"
  compile "C11, bare" "$cc" -std=c11 "${bare[@]}"
  compile "C++11, bare" "$cxx" -x c++ -std=c++11 -fno-rtti "${bare[@]}"
  if echo 'int x;' | "$cc" -m32 -x c - -c -o "$folder/32.o" 2>/dev/null; then
    compile "C99, bare, 32 bits" "$cc" -m32 -std=c99 "${bare[@]}"
    compile "C++11, bare, 32 bits" "$cxx" -m32 -x c++ -std=c++11 -fno-rtti "${bare[@]}"
  fi
  printf '#include <%s>\n' orionrt.h orionrt_io.h orionrt_plan.h orionrt/orionrt.h >"$folder/one.c"
  compile "C99" "$cc" -std=c99
  compile "C++11" "$cxx" -x c++ -std=c++11
done
[ $tried -gt 0 ] || { echo "no compiler was found"; exit 1; }
[ "$(wc -l <"$include/orionrt/orionrt_plan.h")" -le 350 ] || { echo "orionrt_plan.h is longer than 350 lines"; exit 1; }
if grep '#include' "$include/orionrt/orionrt_plan.h" | grep -v '<std\(int\|def\)\.h>'; then
  echo "orionrt_plan.h includes these"
  exit 1
fi
