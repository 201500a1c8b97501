#!/bin/sh
# Each fuzz target for some seconds, from the captures' files as first inputs.
#
#   tests/fuzz/run.sh SECONDS SCRATCH FUZZER ...
set -u
seconds=$1 scratch=$2
shift 2
seeds=$scratch/fuzz-seeds
rm -rf "$seeds"
mkdir -p "$seeds"

# A target's first byte chooses the interface: every small file, behind each of the first choices.
n=0
for file in $(find tests/captures -type f ! -name '*.txt' ! -name '*.md' ! -name 'manifest' -size -16k | sort); do
    for choice in 000 001 002 003 004 005 006 007; do
        n=$((n + 1))
        { printf "\\$choice"; cat "$file"; } >"$seeds/$n"
    done
done

failed=0
for fuzzer in "$@"; do
    name=$(basename "$fuzzer")
    corpus=$scratch/corpus/$name
    mkdir -p "$corpus"
    if "$fuzzer" -max_total_time="$seconds" -max_len=65536 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$scratch/$name-" "$corpus" "$seeds" >"$scratch/$name.log" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$name.log")
        echo "$name: $seconds s, $executions executions, no finding"
    else
        failed=1
        tail -n 40 "$scratch/$name.log"
        echo "$name: a finding, kept as $scratch/$name-*"
    fi
done
exit $failed
