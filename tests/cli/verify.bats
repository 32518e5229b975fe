#!/usr/bin/env bats

load helpers

@test "a healthy store: silence and status 0" {
    pairs 1 1000 | bitask load --max-log-size 4K
    bitask rm key000500
    expect_status 0 bitask verify
    expect_silence
    bitask compact
    expect_status 0 bitask verify
    expect_silence
}

@test "-v gives a summary" {
    pairs 1 12 | bitask load
    expect_status 0 bitask -v verify
    grep -q 12 "$OUT" "$ERR"
}

@test "--json: what was read, and that nothing is damaged" {
    pairs 1 1000 | bitask load --max-log-size 4K
    bitask rm key000001
    expect_status 0 bitask verify --json
    expect_stderr ''
    [[ $(wc -l <"$OUT") == 1 ]]
    [[ $(json_field logs) == $(find "$STORE" -name '*.log' | wc -l) ]]
    [[ $(json_field records) == 1001 ]]
    [[ $(json_field bytes) == $(log_bytes) ]]
    grep -qE '"damage": *\[\]' "$OUT"
    grep -q '"unfinished":' "$OUT"
}

@test "damage: a line each on standard output with log and offset, status 4" {
    allow_damage
    pairs 1 3 | bitask load
    log=$(active_log)
    flip "$log" $((41 + 30)) 1        # in the value of the second record
    expect_status 4 bitask verify
    [[ $(wc -l <"$OUT") == 1 ]]
    grep -qF "${log##*/}: offset 41: " "$OUT"
    expect_status 4 bitask verify --json
    [[ $(wc -l <"$OUT") == 1 ]]
    grep -qF "${log##*/}: offset 41: " "$OUT"
}

@test "each of several damaged places is listed" {
    allow_damage
    pairs 1 300 | bitask load --max-log-size 4K
    mapfile -t logs < <(sealed_logs)
    flip "${logs[0]}" 35 1
    flip "${logs[0]}" $((41 * 3 + 35)) 16
    flip "${logs[1]}" 25 128
    expect_status 4 bitask verify
    [[ $(wc -l <"$OUT") == 3 ]]
    grep -qF "${logs[0]##*/}: offset 0: " "$OUT"
    grep -qF "${logs[0]##*/}: offset 123: " "$OUT"
    grep -qF "${logs[1]##*/}: offset 0: " "$OUT"
}

@test "an unfinished record at the end of the active log is no damage, and --json tells of it" {
    pairs 1 3 | bitask load
    expect_status 0 bitask verify --json
    cp "$OUT" clean
    head -c 30 "$(active_log)" >part
    cat part >>"$(active_log)"
    expect_status 0 bitask verify
    expect_output ''
    expect_status 0 bitask verify --json
    [[ $(grep -oE '"unfinished".*' "$OUT") != $(grep -oE '"unfinished".*' clean) ]]
    grep -qE '"damage": *\[\]' "$OUT"
}

@test "a sealed log that ends within a record is damaged" {
    allow_damage
    pairs 1 300 | bitask load --max-log-size 4K
    log=$(sealed_logs | head -n 1)
    truncate -s -1 "$log"
    expect_status 4 bitask verify
    grep -qF "${log##*/}: offset " "$OUT"
}

@test "every flipped bit of keys and values is found" {
    allow_damage
    pairs 1 2 | bitask load
    log=$(active_log)
    cp "$log" good
    for offset in $(seq 20 40); do
        flip "$log" "$offset" $((1 << offset % 8))
        expect_status 4 bitask verify
        grep -qF "${log##*/}: offset 0: " "$OUT"
        cp good "$log"
    done
    expect_status 0 bitask verify
}

@test "a stray argument is wrong usage" {
    bitask put k v
    expect_status 2 bitask verify stray
    expect_refusal
}
