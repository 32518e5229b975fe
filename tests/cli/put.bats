#!/usr/bin/env bats

load helpers

@test "a put value comes back byte for byte, and success says nothing" {
    expect_status 0 bitask put greeting 'hello world'
    expect_silence
    expect_status 0 bitask get greeting
    expect_output 'hello world'
}

@test "the last put of a key wins" {
    bitask put k one
    bitask put k two
    expect_status 0 bitask get k
    expect_output two
}

@test "without VALUE the value is standard input, newline included" {
    printf 'line one\nline two\n' | expect_status 0 bitask put k
    expect_silence
    expect_status 0 bitask get k
    expect_output $'line one\nline two\n'
}

@test "all 256 bytes survive as a value from standard input" {
    all_bytes >value
    bitask put k <value
    expect_status 0 bitask get k
    same_bytes "$OUT" value
}

@test "all 256 bytes survive as a value from a file" {
    all_bytes >value
    expect_status 0 bitask put k --file value
    expect_silence
    bitask put l --file=value
    expect_status 0 bitask get k
    same_bytes "$OUT" value
    expect_status 0 bitask get l
    same_bytes "$OUT" value
}

@test "every byte but NUL survives as a key and as a value on the command line" {
    all_bytes | tail -c 255 >bytes
    IFS= read -r -d '' argument <bytes || true
    [[ ${#argument} == 255 ]]
    expect_status 0 bitask put -- "$argument" "$argument"
    expect_status 0 bitask get -- "$argument"
    same_bytes "$OUT" bytes
}

@test "--file - reads standard input" {
    printf 'from a pipe' | bitask put k --file -
    expect_status 0 bitask get k
    expect_output 'from a pipe'
}

@test "--file with an absent file is refused with its name, and nothing is stored" {
    bitask put k old
    expect_status 5 bitask put k --file absent
    expect_refusal absent 'No such file or directory'
    expect_status 0 bitask get k
    expect_output old
}

@test "--file with a folder is refused" {
    mkdir folder
    expect_status 5 bitask put k --file folder
    expect_refusal folder
}

@test "VALUE together with --file is wrong usage" {
    printf x >value
    expect_status 2 bitask put k v --file value
    expect_refusal
}

@test "an empty value is refused, wherever it comes from, and the old value stays" {
    bitask put k old
    : >empty
    expect_status 2 bitask put k ''
    expect_refusal
    expect_status 2 bitask put k --file empty
    expect_refusal
    expect_status 2 bitask put k </dev/null
    expect_refusal
    printf '' | expect_status 2 bitask put k
    expect_refusal
    expect_status 0 bitask get k
    expect_output old
}

@test "an empty key is refused" {
    expect_status 2 bitask put '' v
    expect_refusal
}

@test "a key of 65536 bytes is taken, one of 65537 is refused" {
    key=$(printf '%065536d' 0)
    expect_status 0 bitask put "$key" v
    expect_status 0 bitask get "$key"
    expect_output v
    expect_status 2 bitask put "${key}0" v
    expect_refusal 65536
    expect_status 0 bitask scan --count
    expect_output $'1\n'
}

@test "a key and a value may begin with a dash after --" {
    expect_status 0 bitask put -- --db -v
    expect_status 0 bitask get -- --db
    expect_output -v
    expect_status 0 bitask put k -- -5
    expect_status 0 bitask get k
    expect_output -5
}

@test "put needs a key, and takes no more than a key and a value" {
    expect_status 2 bitask put
    expect_refusal
    expect_status 2 bitask put k v extra
    expect_refusal
}

@test "put creates the store and the folders above it" {
    expect_status 0 bitask --db "$PWD/a/b/c" put k v
    expect_silence
    expect_status 0 bitask --db "$PWD/a/b/c" get k
    expect_output v
}

@test "-v says what was stored" {
    expect_status 0 bitask -v put k abc
    expect_output ''
    expect_stderr $'bitask: put: stored "k" (3 bytes)\n'
}

@test "-v quotes and escapes the key" {
    expect_status 0 bitask -v put $'a\tb"c\\d\n\x01' v
    expect_message 'stored "a\tb\"c\\d\n\x01"'
}

@test "a new store holds a lock file and one active log, all else is named INTEGER.something" {
    bitask put k v
    [[ -f $STORE/db.lock ]]
    active_log
    for file in "$STORE"/*; do
        [[ ${file##*/} == db.lock || ${file##*/} =~ ^[0-9]+\. ]] || fail "unexpected name: $file"
    done
}

@test "records on disk are those of format version 1" {
    bitask put foo bar
    bitask rm foo
    log=$(hex_of "$(active_log)")
    [[ ${log:0:8} == 951ff69e ]]                          # checksum of foobar
    [[ ${log:24:28} == 0300000003000000666f6f626172 ]]    # sizes, key, value
    [[ ${log:52:8} == 2165738c ]]                         # checksum of foo
    [[ ${log:76} == 0300000000000000666f6f ]]             # sizes, key; no value: a tombstone
}

@test "timestamps are milliseconds since the epoch" {
    before=$(date +%s%3N)
    bitask put foo bar
    after=$(date +%s%3N)
    stamp=$(od -An -tu8 -j 4 -N 8 "$(active_log)")
    # The clock that the system keeps from tick to tick may be some milliseconds behind.
    ((stamp >= before - 1000 && stamp <= after))
}

@test "a timestamp from the future is followed by a later one, and the last put still wins" {
    # foo = bar put in the year 2286, as a clock that ran ahead would have left it.
    mkdir "$STORE"
    {
        printf '\x95\x1f\xf6\x9e\x00\xa0\x72\x4e\x18\x09\x00\x00'
        printf '\x03\x00\x00\x00\x03\x00\x00\x00foobar'
    } >"$STORE/1795411766345.active.log"
    expect_status 0 bitask get foo
    expect_output bar
    bitask put foo new
    expect_status 0 bitask get foo
    expect_output new
    keep_only_logs "$STORE"
    expect_status 0 bitask get foo
    expect_output new
}

@test "past --max-log-size the active log is sealed and a new one begun" {
    head -c 5000 /dev/zero | bitask put --max-log-size 4K big
    [[ -z $(sealed_logs) ]]
    bitask put --max-log-size 4K k v
    [[ $(sealed_logs | wc -l) == 1 ]]
    [[ $(stat -c %s "$(active_log)") == 22 ]]
    expect_status 0 bitask get k
    expect_output v
    expect_status 0 bitask get big
    [[ $(wc -c <"$OUT") == 5000 ]]
}

@test "BITASK_MAX_LOG_SIZE is used when --max-log-size is absent" {
    head -c 5000 /dev/zero | bitask put big
    bitask put k v
    [[ -z $(sealed_logs) ]]
    BITASK_MAX_LOG_SIZE=1M bitask put k v
    [[ -z $(sealed_logs) ]]
    BITASK_MAX_LOG_SIZE=4K bitask put --max-log-size 1G k v
    [[ -z $(sealed_logs) ]]
    BITASK_MAX_LOG_SIZE=4096 bitask put k v
    [[ $(sealed_logs | wc -l) == 1 ]]
}

@test "a log size that is no number of bytes is wrong usage" {
    for size in x -1 4X K 1.5K '' 99999999999999999999; do
        expect_status 2 bitask put k v "--max-log-size=$size"
        expect_refusal
    done
    BITASK_MAX_LOG_SIZE=x expect_status 2 bitask put k v
    expect_refusal BITASK_MAX_LOG_SIZE
}

@test "put works with its standard descriptors closed, and no message lands in the store" {
    bitask -v put k v <&- >&- 2>&-
    expect_status 0 bitask get k
    expect_output v
    [[ $(stat -c %s "$(active_log)") == 22 ]]
}

@test "put without a value fails when standard input is closed" {
    bitask put k old
    expect_status 5 bitask put k <&-
    expect_refusal
    expect_status 0 bitask get k
    expect_output old
}
