#!/usr/bin/env bats

load helpers

teardown() {
    release_lock
    [[ -z ${holder-} ]] || kill "$holder" 2>/dev/null || true
    close_store
}

# The milliseconds that a command took, whatever its status.
milliseconds() {
    local start
    start=$(date +%s%3N)
    "$@" >/dev/null 2>&1 || true
    echo $(($(date +%s%3N) - start))
}

is_locked() {
    local status=0
    bitask put --wait 0 probe x 2>/dev/null || status=$?
    [[ $status == 3 ]]
}

@test "with --wait 0 every writer gives up with status 3 while the lock is held" {
    bitask put k v
    hold_lock
    for arguments in 'put k w' 'put l w' 'rm k' 'rm -f k' load compact; do
        # shellcheck disable=SC2086  # words
        printf 'k\tw\n' | BITASK_WAIT=60 expect_status 3 timeout 30 "$BITASK" $arguments --wait 0
        expect_refusal
    done
    release_lock
    expect_status 0 bitask scan
    expect_output $'k\tv\n'
}

@test "--wait takes fractions of a second and lasts at least that long" {
    bitask put k v
    hold_lock
    expect_status 3 bitask put k w --wait 0.25
    expect_refusal
    (($(milliseconds bitask put k w --wait 0.25) >= 250))
    (($(milliseconds bitask rm k --wait=.5) >= 500))
}

@test "the default is to wait for a second" {
    bitask put k v
    hold_lock
    expect_status 3 timeout 30 "$BITASK" put k w
    (($(milliseconds bitask put k w) >= 1000))
}

@test "BITASK_WAIT is used when --wait is absent" {
    bitask put k v
    hold_lock
    (($(BITASK_WAIT=1.7 milliseconds bitask put k w) >= 1700))
    BITASK_WAIT=0 expect_status 3 bitask put k w
    (($(BITASK_WAIT=0 milliseconds bitask put k w --wait 0.3) >= 300))
}

@test "a writer that waits goes on when the lock becomes free" {
    bitask put k v
    hold_lock
    "$BITASK" put k waited --wait 60 3>&- 9>&- &
    local waiter=$!
    sleep 0.2
    release_lock
    wait "$waiter"
    expect_status 0 bitask get k
    expect_output waited
}

@test "a wait that is no number of seconds is wrong usage" {
    bitask put k v
    for wait in -1 -0.5 x 1x '' nan 1,5; do
        for arguments in 'put k v' 'rm k' load compact; do
            # shellcheck disable=SC2086  # words
            expect_status 2 bitask $arguments "--wait=$wait" </dev/null
            expect_refusal
        done
    done
    BITASK_WAIT=x expect_status 2 bitask put k v
    expect_refusal BITASK_WAIT
}

@test "the message names the process that holds the lock" {
    mkfifo pairs
    "$BITASK" load pairs 3>&- 9>&- &
    holder=$!
    exec 8>pairs
    printf 'a\t1\n' >&8
    eventually is_locked
    expect_status 3 bitask put k v --wait 0
    expect_refusal "held by process $holder"
    expect_status 3 bitask compact --wait 0.1
    expect_refusal "held by process $holder"
    exec 8>&-
    wait "$holder"
    expect_status 0 bitask get a
    expect_output 1
}

@test "a holder that is gone is not named" {
    mkfifo pairs
    "$BITASK" load pairs 3>&- 9>&- &
    holder=$!
    exec 8>pairs
    printf 'a\t1\n' >&8
    eventually is_locked
    kill -9 "$holder"
    wait "$holder" || true
    exec 8>&-
    hold_lock
    expect_status 3 bitask put k v --wait 0
    expect_refusal
    refute grep -q "process $holder" "$ERR"
}

@test "readers need no lock and do not wait for it" {
    pairs 1 3 >data
    bitask load data
    hold_lock
    for arguments in 'get key000001' 'get key000001 key000002' 'scan' 'scan --count' 'scan --keys' \
        stat 'stat --json' verify 'verify --json'; do
        # shellcheck disable=SC2086  # words
        expect_status 0 timeout 30 "$BITASK" $arguments
    done
    expect_status 0 bitask scan
    same_files "$OUT" data
}

@test "readers know neither --wait nor --no-sync" {
    bitask put k v
    for arguments in 'get k' scan stat verify; do
        # shellcheck disable=SC2086  # words
        expect_status 2 bitask $arguments --wait 1
        expect_refusal
    done
}

@test "a value is received before the lock is taken: a slow pipe holds up nobody" {
    bitask put k v
    mkfifo value
    "$BITASK" put slow 3>&- 9>&- <value &
    holder=$!
    exec 8>value
    # More than a pipe holds: the other side has begun to read when this returns.
    head -c 200000 /dev/zero >&8
    expect_status 0 bitask put k w --wait 0
    expect_status 0 bitask rm k --wait 0
    exec 8>&-
    wait "$holder"
    expect_status 0 bitask get slow
    [[ $(wc -c <"$OUT") == 200000 ]]
}

@test "the lock file is never deleted nor replaced" {
    bitask put k v
    inode=$(stat -c %i "$STORE/db.lock")
    bitask put k w
    bitask rm k
    bitask rm k 2>/dev/null || true
    pairs 1 100 | bitask load --max-log-size 1K
    echo malformed | bitask load 2>/dev/null || true
    bitask compact
    bitask put '' v 2>/dev/null || true
    [[ $(stat -c %i "$STORE/db.lock") == "$inode" ]]
}

@test "a lock file that somebody deleted is made anew" {
    bitask put k v
    rm "$STORE/db.lock"
    expect_status 0 bitask put k w
    [[ -f $STORE/db.lock ]]
    hold_lock
    expect_status 3 bitask put k x --wait 0
}

@test "a lock file of any content is no hindrance" {
    bitask put k v
    for content in 'text' '' "$(printf '%01000d' 7)" $'\xff\xff\xff\xff'; do
        printf '%s' "$content" >"$STORE/db.lock"
        expect_status 0 bitask put k w
        expect_silence
        expect_status 0 bitask get k
        expect_output w
        hold_lock
        printf '%s' "$content" >"$STORE/db.lock"
        expect_status 3 bitask put k x --wait 0
        expect_refusal
        release_lock
    done
}
