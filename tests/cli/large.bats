#!/usr/bin/env bats

load helpers

# A value of 96 MiB, or of 1 GiB with BITASK_TEST_LARGE=1, must pass through less memory than it
# has bytes. Address space is what a limit can be set on; sanitizers reserve too much of it.
memory_limit_kib=65536

setup_file() {
    if [[ ${BITASK_TEST_LARGE-} == 1 ]]; then
        export value_bytes=$((1024 * 1024 * 1024))
    else
        export value_bytes=$((96 * 1024 * 1024))
    fi
    # Every stretch of it is different, so that misplaced pieces are noticed.
    seq 1 200000000 | head -c "$value_bytes" >"$BATS_FILE_TMPDIR/value"
}

teardown() {
    close_store
    rm -rf "$STORE" copy dump    # not to keep a gigabyte for each test of the run
}

in_little_memory() {
    if sanitized; then
        "$@"
    else
        (
            ulimit -v "$memory_limit_kib"
            exec "$@"
        )
    fi
}

expect_value() {
    in_little_memory "$BITASK" --db "$1" get big | cmp - "$BATS_FILE_TMPDIR/value" >&2
}

# The most memory that a command has taken which reads a file, in KiB, looked at when all but the
# end of its output has been read.
peak_memory() {
    local input=$1 bytes pid
    shift
    bytes=$("$BITASK" "$@" <"$input" | wc -c)
    rm -f output
    mkfifo output
    "$BITASK" "$@" <"$input" >output &
    pid=$!
    {
        head -c $((bytes - 300000)) >/dev/null
        awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status"
        cat >/dev/null
    } <output
    wait "$pid"
}

@test "a large value from a pipe" {
    # shellcheck disable=SC2002  # a pipe is the point
    cat "$BATS_FILE_TMPDIR/value" | expect_status 0 in_little_memory "$BITASK" put big
    expect_silence
    expect_value "$STORE"
}

@test "a large value from a file, followed by other puts" {
    expect_status 0 in_little_memory "$BITASK" put big --file "$BATS_FILE_TMPDIR/value"
    expect_silence
    expect_status 0 in_little_memory "$BITASK" put after v
    expect_value "$STORE"
    expect_status 0 bitask get after
    expect_output v
    keep_only_logs "$STORE"
    expect_status 0 in_little_memory "$BITASK" scan --keys
    expect_output $'after\nbig\n'
}

@test "a large value as standard input that is a file" {
    expect_status 0 in_little_memory "$BITASK" put big <"$BATS_FILE_TMPDIR/value"
    expect_value "$STORE"
}

@test "scan and load of a large value as tsv and null" {
    bitask put big --file "$BATS_FILE_TMPDIR/value"
    for format in tsv null; do
        rm -rf copy dump
        in_little_memory "$BITASK" scan --format $format >dump
        expect_status 0 in_little_memory "$BITASK" --db copy load --format $format dump
        expect_silence
        expect_value copy
    done
}

@test "scan of a large value as json" {
    bitask put big --file "$BATS_FILE_TMPDIR/value"
    in_little_memory "$BITASK" scan --format json >dump
    [[ $(wc -l <dump) == 1 ]]
    (($(wc -c <dump) > value_bytes))
}

@test "stat, verify and compact with a large value" {
    bitask put big --file "$BATS_FILE_TMPDIR/value"
    bitask put small v
    bitask put small w
    expect_status 0 in_little_memory "$BITASK" stat
    expect_status 0 in_little_memory "$BITASK" verify
    expect_silence
    expect_status 0 in_little_memory "$BITASK" compact
    expect_silence
    expect_value "$STORE"
}

@test "memory does not grow with the number of keys" {
    pairs 1 30000 | bitask load
    bitask compact
    expect_hints
    rm -r "$STORE"
    awk 'BEGIN {
        for (i = 0; i < 600000; i++) printf "key-%096d\t%d\n", (i * 7919) % 600000, i
    }' >data
    expect_status 0 in_little_memory "$BITASK" load data
    expect_status 0 in_little_memory "$BITASK" scan --count
    expect_output $'600000\n'
    expect_status 0 in_little_memory "$BITASK" compact
    expect_status 0 in_little_memory "$BITASK" get "key-$(printf %096d 599999)"
    expect_status 0 in_little_memory "$BITASK" stat
    expect_status 0 in_little_memory "$BITASK" verify
}

@test "scans and batch gets of many pairs take little memory, whatever their sizes" {
    sanitized && skip "sanitizers take memory of their own"
    [[ -r /proc/self/status ]] || skip "no /proc to ask"
    # Short values and long ones, in the order of keys and in none: 160 MB.
    awk 'BEGIN {
        long = sprintf("%4000s", "")
        for (i = 0; i < 300000; i++) {
            key = (i * 7919) % 300000
            printf "key-%06d\t%s%d\n", key, key < 150000 || key % 4 != 0 ? "" : long, key
        }
    }' >data
    bitask load --no-sync data
    cut -f 1 data >keys
    for command in "scan" "scan --reverse" "scan --unordered" "get --stdin"; do
        # shellcheck disable=SC2086  # words
        peak=$(peak_memory keys $command)
        ((peak > 1000 && peak < memory_limit_kib)) || fail "$command: $peak KiB"
    done
}
