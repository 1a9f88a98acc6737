#!/bin/sh
# no_system_calls.sh LOOKUP_LOOP: ten look-ups and pieces of scratch make as many system calls as a million of them.
set -u
loop=$1
command -v strace >/dev/null 2>&1 || { echo "skipped: strace is not there (Debian: strace)"; exit 77; }
trace=$(mktemp) || exit 1
trap 'rm -f "$trace"' EXIT
count() {
  strace -f -o "$trace" "$loop" "$1" >/dev/null 2>&1 || return 1
  grep -c '(' "$trace"
}
strace -f -o "$trace" true >/dev/null 2>&1 || { echo "skipped: strace may not trace here (ptrace)"; exit 77; }
few=$(count 10) || { echo "$loop 10 failed"; exit 1; }
many=$(count 1000000) || { echo "$loop 1000000 failed"; exit 1; }
echo "system calls: $few with 10 look-ups, $many with 1000000"
[ "$few" -gt 0 ] && [ "$few" -eq "$many" ]
