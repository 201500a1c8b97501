#!/bin/sh
# Runs test programs side by side and prints what they said, one after the other, then the names of tests that
# failed, then the sum.
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
            status=$?
            # `Suite.Name (5 ms)`, and `Set/Suite.Name/param, where GetParam() = ... (5 ms)`.
            sed -n 's/^\[  FAILED  \] \([^ ,]*\.[^ ,]*\).*/\1/p' "$scratch/$jobs.out" >"$scratch/$jobs.failed"
            [ "$status" = 0 ] || [ -s "$scratch/$jobs.failed" ] ||
                echo "$program ended with status $status" >"$scratch/$jobs.failed"
        ) &
        shard=$((shard + 1))
    done
done
wait

passed=0 skipped=0
count() { sed -n "s/^\[  $1 *\] \([0-9][0-9]*\) test.*/\1/p" "$scratch/$job.out" | head -n 1; }
job=0
while [ "$job" -lt "$jobs" ]; do
    job=$((job + 1))
    cat "$scratch/$job.out"
    p=$(count PASSED) s=$(count SKIPPED)
    passed=$((passed + ${p:-0})) skipped=$((skipped + ${s:-0}))
done
failed=$(cat "$scratch"/*.failed | wc -l | tr -d ' ')
sed 's/^/failed: /' "$scratch"/*.failed
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
