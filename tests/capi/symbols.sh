#!/usr/bin/env bash
# symbols.sh LIST LIBRARY: the functions with C names that a library exports, static or shared, are those of the list.
# Exits with 77, "skipped", where nm is not there.
set -euo pipefail
list=$1 library=$2
command -v nm >/dev/null || { echo "nm is not installed: skipped"; exit 77; }
case "$library" in
  *.a) options=(-g --defined-only) ;;
  *) options=(-D --defined-only) ;;
esac
# C++ names begin with _Z; what the compiler and the linker add, with another underscore.
found=$(nm "${options[@]}" "$library" | awk 'NF == 3 && $2 ~ /[TDBRW]/ && $3 !~ /^_/ {print $3}' | sort -u)
diff <(sort "$list") <(echo "$found") || { echo "$library exports other C names than $list lists"; exit 1; }
