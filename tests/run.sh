#!/bin/sh
# Runs test programs side by side and prints what they said, one after the other, then the sum.
#
#   tests/run.sh PROGRAM[:SHARDS] ...
#
# SHARDS processes share one program's tests. Exit status 0 only if every program ended well.
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

jobs=0
for argument in "$@"; do
    program=${argument%:*}
    shards=1
    [ "$program" = "$argument" ] || shards=${argument##*:}
    shard=0
    while [ "$shard" -lt "$shards" ]; do
        jobs=$((jobs + 1))
        (
            GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard "$program" --gtest_brief=1 >"$scratch/$jobs.out" 2>&1
            echo $? >"$scratch/$jobs.status"
        ) &
        shard=$((shard + 1))
    done
done
wait

passed=0 failed=0 skipped=0
count() { sed -n "s/^\[  $1 *\] \([0-9][0-9]*\) test.*/\1/p" "$scratch/$job.out" | head -n 1; }
job=0
while [ "$job" -lt "$jobs" ]; do
    job=$((job + 1))
    cat "$scratch/$job.out"
    p=$(count PASSED) s=$(count SKIPPED)
    f=$(grep -c '^\[  FAILED  \] [^ ]*\.[^ ]* (' "$scratch/$job.out")
    # A program that ended badly without naming a test counts as one failure.
    [ "$(cat "$scratch/$job.status")" = 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + ${p:-0})) skipped=$((skipped + ${s:-0})) failed=$((failed + f))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
