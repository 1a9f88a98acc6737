#!/bin/sh
# onnx_engine_loop.sh ONNX_ENGINE_LOOP MODELS RUNS: two networks take turns in one arena; after the first hundred runs
# they make no system call about memory any more (mmap, munmap, mremap, brk, madvise, mprotect, ...).
set -u
loop=$1 models=$2 runs=$3
command -v strace >/dev/null 2>&1 || { echo "skipped: strace is not there (Debian: strace)"; exit 77; }
trace=$(mktemp) || exit 1
trap 'rm -f "$trace"' EXIT
strace -f -o "$trace" true >/dev/null 2>&1 || { echo "skipped: strace may not trace here (ptrace)"; exit 77; }
strace -f --seccomp-bpf -e trace=%memory -o "$trace" "$loop" "$models" "$runs" || { echo "$loop failed"; exit 1; }
mark='madvise(NULL, 0'
echo "system calls about memory: $(grep -c '(' "$trace") in all"
[ "$(grep -c "$mark" "$trace")" -eq 2 ] || { echo "the marks of $loop are not in the trace"; exit 1; }
between=$(sed -n "/$mark/,/$mark/p" "$trace" | grep -v "$mark")
[ -z "$between" ] && exit 0
echo "after the first runs:"
echo "$between" | head -20
exit 1
