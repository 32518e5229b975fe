#!/usr/bin/env bats

load helpers

@test "a line for each figure" {
    bitask put foo bar       # 26 bytes, dead after the next line
    bitask put foo longer    # 29 bytes
    expect_status 0 bitask stat
    expect_stderr ''
    cut -d : -f 1 "$OUT" | same_bytes - <(printf '%s\n' keys 'live bytes' 'dead bytes' garbage \
        logs hints 'last compaction')
    grep -qx 'keys: 1' "$OUT"
    grep -qx 'live bytes: 29' "$OUT"
    grep -qx 'dead bytes: 26' "$OUT"
    grep -qx 'garbage: 47.3%' "$OUT"
    grep -qx 'logs: 1' "$OUT"
    grep -qxE 'hints: [0-9]+' "$OUT"
    grep -qx 'last compaction: never' "$OUT"
}

@test "--json: one object with the same figures" {
    bitask put foo bar
    bitask put foo longer
    expect_status 0 bitask stat --json
    expect_stderr ''
    [[ $(wc -l <"$OUT") == 1 && $(head -c 1 "$OUT") == '{' ]]
    [[ $(json_field keys) == 1 ]]
    [[ $(json_field live_bytes) == 29 ]]
    [[ $(json_field dead_bytes) == 26 ]]
    [[ $(json_field garbage_percent) =~ ^47\.[23] ]]
    [[ $(json_field logs) == 1 ]]
    [[ $(json_field hints) =~ ^[0-9]+$ ]]
    [[ $(json_field last_compaction) == null ]]
}

@test "a tombstone is dead weight" {
    bitask put foo bar
    bitask rm foo
    expect_status 0 bitask stat --json
    [[ $(json_field keys) == 0 ]]
    [[ $(json_field live_bytes) == 0 ]]
    [[ $(json_field dead_bytes) == 49 ]]
    expect_status 0 bitask stat
    grep -qx 'garbage: 100.0%' "$OUT"
}

@test "live and dead bytes add up to the bytes of the logs, with hints and without" {
    pairs 1 20000 | bitask load --max-log-size 64K
    pairs 1 5000 again | bitask load --max-log-size 64K
    seq -f 'key%06.0f' 15001 16000 | bitask rm --stdin
    live=$((19000 * 41))  # 20 + 9 + 12 bytes a record
    for _ in with without; do
        expect_status 0 bitask stat --json
        [[ $(json_field keys) == 19000 ]]
        [[ $(json_field live_bytes) == "$live" ]]
        [[ $(json_field dead_bytes) == $(($(log_bytes) - live)) ]]
        [[ $(json_field logs) == $(find "$STORE" -name '*.log' | wc -l) ]]
        keep_only_logs "$STORE"
    done
}

@test "after a compaction its time is known and nothing is dead" {
    pairs 1 100 | bitask load
    pairs 1 100 again | bitask load
    before=$(date +%s%3N)
    bitask compact
    after=$(date +%s%3N)
    expect_status 0 bitask stat --json
    [[ $(json_field dead_bytes) == 0 ]]
    last=$(json_field last_compaction)
    # The clock that the system keeps from tick to tick may be some milliseconds behind.
    ((last >= before - 1000 && last <= after))
    expect_status 0 bitask stat
    grep -qx 'dead bytes: 0' "$OUT"
    grep -qx 'garbage: 0.0%' "$OUT"
    grep -qE '^last compaction: .*[0-9]' "$OUT"
}

@test "a stray argument is wrong usage" {
    bitask put k v
    expect_status 2 bitask stat stray
    expect_refusal
}
