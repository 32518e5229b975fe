#!/usr/bin/env bats

load helpers

@test "a full device as standard output is status 5 for every command that prints" {
    pairs 1 3 | bitask load
    for arguments in 'get key000001' 'get key000001 key000002' 'get --format json key000001' scan \
        'scan --keys' 'scan --count' 'scan --format json' 'scan --format null' stat 'stat --json' \
        'verify --json' 'compact --dry-run --json' --help --version 'scan --help'; do
        # shellcheck disable=SC2086  # words
        to_full() { bitask $arguments >/dev/full; }
        expect_status 5 to_full
        expect_message 'No space left on device'
    done
}

@test "a full device is noticed for long output too" {
    pairs 1 20000 | bitask load
    head -c 1000000 /dev/zero | bitask put big
    for arguments in scan 'get big'; do
        # shellcheck disable=SC2086  # words
        to_full() { bitask $arguments >/dev/full; }
        expect_status 5 to_full
        expect_message 'No space left on device'
    done
}

@test "commands that print nothing do not mind a full device" {
    expect_status 0 bitask put k v
    bitask put k w >/dev/full
    bitask verify >/dev/full
    bitask compact >/dev/full
    bitask rm k >/dev/full
}

@test "a closed standard output is status 5 for commands that print, and spares the store" {
    bitask put k v
    before=$(cksum "$(active_log)")
    for arguments in 'get k' scan stat 'verify --json' --version; do
        # shellcheck disable=SC2086  # words
        to_closed() { bitask $arguments >&-; }
        expect_status 5 to_closed
        expect_message
    done
    [[ $(cksum "$(active_log)") == "$before" ]]
}

@test "a closed pipe ends scan and get quietly, whether SIGPIPE is ignored or not" {
    pairs 1 50000 | bitask load
    head -c 1000000 /dev/zero | bitask put key000000
    for arguments in scan 'scan --format json' 'scan --keys' 'get key000000' 'get --stdin'; do
        for mode in default ignored; do
            (
                [[ $mode == default ]] || trap '' PIPE
                ended=0
                # shellcheck disable=SC2086  # words
                yes key000001 | head -n 50000 2>/dev/null | bitask $arguments 2>errors || ended=$?
                echo $ended >status
            ) | head -c 10 >/dev/null
            [[ ! -s errors ]] || fail "$arguments: $(<errors)"
            [[ $(<status) == 0 || $(<status) == 141 ]] || fail "$arguments: status $(<status)"
        done
    done
}

@test "a closed pipe does not hide that the store is damaged" {
    allow_damage
    pairs 1 50000 | bitask load
    flip "$(active_log)" 35 1
    (
        trap '' PIPE
        ended=0
        bitask scan 2>errors || ended=$?
        echo $ended >status
    ) | head -c 10 >/dev/null
    [[ $(<status) == 4 ]]
}

@test "a terminal gets a newline after the value of one key, a file does not" {
    bitask put k value
    script -qec "'$BITASK' get k" /dev/null </dev/null | tr -d '\r' >shown
    same_bytes shown <(printf 'value\n')
    expect_status 0 bitask get k
    expect_output value
}

@test "results and complaints go their separate ways" {
    pairs 1 2 | bitask load
    expect_status 1 bitask get key000001 absent
    expect_output $'key000001\tvalue-000001\n'
    expect_stderr $'bitask: get: key not found: "absent"\n'
}

@test "no progress bar unless standard error is a terminal" {
    pairs 1 60000 >data
    expect_status 0 bitask load data
    expect_silence
    expect_status 0 bitask verify
    expect_silence
    expect_status 0 bitask compact
    expect_silence
}

@test "standard error that cannot be written changes no status" {
    bitask put k v
    for arguments in 'get absent:1' 'frobnicate:2' 'put:2'; do
        status=0
        # shellcheck disable=SC2086  # words
        bitask ${arguments%:*} </dev/null 2>/dev/full || status=$?
        [[ $status == "${arguments#*:}" ]]
    done
    bitask -v put k w 2>/dev/full
    expect_status 0 bitask get k
    expect_output w
}
