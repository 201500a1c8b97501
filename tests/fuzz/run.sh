#!/bin/sh
# Each fuzz target for some seconds, as many at once as there are processors, from the captures' files as first
# inputs.
#
#   tests/fuzz/run.sh SECONDS SCRATCH FUZZER ...
set -u
seconds=$1 scratch=$2
shift 2

# A target is named after the system whose captures it starts from, or `capture` for what they share. Where the
# first byte chooses the interface or the table, every file is tried after each choice as well as alone.
sow() {
    seeds=$scratch/fuzz-seeds/$1 choices=$2
    mkdir -p "$seeds"
    while read -r file; do
        name=$(cksum <"$file" | tr ' ' -) # of equal files one is enough
        [ -e "$seeds/$name" ] && continue
        cp "$file" "$seeds/$name"
        for choice in $choices; do
            { printf "\\$choice"; cat "$file"; } >"$seeds/$name-$choice"
        done
    done
}
answers() { find "$@" -type f ! -name '*.txt' ! -name '*.md' ! -name decoded.tsv ! -name manifest -size -16k; }
ten='000 001 002 003 004 005 006 007 010 011'
rm -rf "$scratch/fuzz-seeds"
answers tests/captures/linux | sow linux "$ten 012 013 014 015 016 017 020 021 022 023 024 025 026 027"
pair() { # both answers of unix sockets, the first preceded by its length
    length=$(wc -c <"$1/sock_diag.unix")
    printf "\\$(printf %03o $((length % 256)))\\$(printf %03o $((length / 256)))\\000"
    cat "$1/sock_diag.unix" "$1/proc.net.unix"
}
# An answer to a dump, preceded by its length.
dump() {
    length=$(wc -c <"$1")
    printf "\\$(printf %03o $((length % 256)))\\$(printf %03o $((length / 256)))"
    cat "$1"
}
for capture in tests/captures/linux/*; do
    [ -e "$capture/sock_diag.unix" ] && pair "$capture" >"$scratch/fuzz-seeds/linux/unix-$(basename "$capture")"
    for answer in "$capture"/sock_diag.*; do
        [ -e "$answer" ] && dump "$answer" >"$scratch/fuzz-seeds/linux/dump-$(basename "$capture")-$(basename "$answer")"
    done
done
answers tests/captures/darwin* | sow darwin ''
answers tests/captures/freebsd | sow freebsd "$ten"
answers tests/captures/openbsd | sow openbsd "$ten"
find tests/fuzz/nat -type f | sow nat ''
find tests/captures -name '*.tsv' -o -name manifest -o -name nat_rules -o -name 'net.ipv4*' | sow capture "$ten"

try() {
    name=$(basename "$1")
    system=${name#fuzz_}
    corpus=$scratch/corpus/$name
    mkdir -p "$corpus"
    if "$1" -max_total_time="$seconds" -max_len=65536 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$scratch/$name-" "$corpus" "$scratch/fuzz-seeds/${system%%_*}" >"$scratch/$name.log" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$name.log")
        echo "$name: $seconds s, $executions executions, no finding"
    else
        echo "$(tail -n 40 "$scratch/$name.log")
$name: a finding, kept as $scratch/$name-*"
        return 1
    fi
}

# All targets take the same time, so that each lane may have every so many of them.
lanes=$(nproc) lane=0 pids=
while [ "$lane" -lt "$lanes" ]; do
    (
        n=0 failed=0
        for fuzzer in "$@"; do
            [ $((n % lanes)) -ne "$lane" ] || try "$fuzzer" || failed=1
            n=$((n + 1))
        done
        exit $failed
    ) &
    pids="$pids $!"
    lane=$((lane + 1))
done
failed=0
for pid in $pids; do wait "$pid" || failed=1; done
exit $failed
