#!/bin/sh
# Shows with valgrind that ML-KEM and the comparison of tags do not branch on secrets or use them as addresses; and that
# valgrind would notice.
set -eu
check() { valgrind --quiet --error-exitcode=9 "$@" 2>&1; }

out=$(check "$1") || { echo "$out"; echo "time or memory accesses depend on a secret"; exit 1; }
[ -z "$out" ] || { echo "$out"; exit 1; }
if check "$1" leak >/dev/null; then echo "valgrind does not notice a branch on a secret"; exit 1; fi
echo "no branch and no address depends on a secret; a branch that does is noticed"
