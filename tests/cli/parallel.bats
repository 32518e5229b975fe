#!/usr/bin/env bats

load helpers

@test "2000 one-shot puts by 16 processes all succeed, and all are there" {
    expect_status 0 xargs -P 16 -I{} "$BITASK" put key{} value{} < <(seq 1 2000)
    expect_silence
    seq 1 2000 | sed 's/.*/key&\tvalue&/' | sort >expected
    expect_status 0 bitask scan
    same_files "$OUT" expected
}

@test "2000 one-shot puts that do not wait: those that exit 0 are there, the others exit 3" {
    # shellcheck disable=SC2016  # expanded by the shells that xargs starts
    seq 1 2000 | xargs -P 16 -n 1 sh -c '
        "$BITASK" put --wait 0 "key$1" "value$1" 2>>errors
        echo "$? $1" >>statuses
    ' put
    [[ $(wc -l <statuses) == 2000 ]]
    refute grep -qvE '^[03] ' statuses
    sed -n 's/^0 \(.*\)/key\1\tvalue\1/p' statuses | sort >expected
    [[ -s expected ]]
    expect_status 0 bitask scan
    same_files "$OUT" expected
    [[ $(wc -l <errors) == $(grep -c '^3 ' statuses || true) ]]
}

@test "puts, removes, rotations and compactions at once lose nothing and bring nothing back" {
    pairs 1 200 old | bitask load --max-log-size 1K
    seq 1 200 >numbers
    # shellcheck disable=SC2016
    expect_status 0 xargs -P 8 -n 1 sh -c '
        key=$(printf key%06d "$1")
        case $(($1 % 4)) in
            0) "$BITASK" rm --wait 60 "$key" ;;
            1) "$BITASK" put --wait 60 --max-log-size 1K "$key" new ;;
            2) "$BITASK" get "$key" >/dev/null ;;
            3) "$BITASK" compact --wait 60 || [ $? = 3 ] ;;
        esac || exit 255
    ' job <numbers
    for i in $(seq 1 200); do
        case $((i % 4)) in
            1) printf 'key%06d\tnew\n' "$i" ;;
            2 | 3) printf 'key%06d\told-%06d\n' "$i" "$i" ;;
        esac
    done >expected
    expect_status 0 bitask scan
    same_files "$OUT" expected
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" expected
}

@test "readers beside writers and compactions always find every key" {
    pairs 1 300 old | bitask load --max-log-size 4K
    (
        for round in $(seq 1 30); do
            pairs 1 300 "round$round" | bitask load --max-log-size 4K
            bitask compact
        done
        touch done-writing
    ) 3>&- &
    writer=$!
    until [[ -e done-writing ]]; do
        expect_status 0 bitask scan --keys
        [[ $(wc -l <"$OUT") == 300 ]]
        expect_stderr ''
        expect_status 0 bitask get key000150
        expect_status 0 bitask verify
        kill -0 "$writer" 2>/dev/null || [[ -e done-writing ]]
    done
    wait "$writer"
}
