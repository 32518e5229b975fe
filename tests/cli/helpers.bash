# shellcheck shell=bash
#
# Common ground of the behaviour tests. They run the real binary, $BITASK, each test on a store of
# its own below the folder that bats gives to a test and removes after it.

bats_require_minimum_version 1.5.0

project=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BITASK=$(realpath -m "${BITASK:-$project/build/release/bitask}")
export BITASK

# Messages and sort orders are those of bytes; nothing of the user's own settings gets in.
export LC_ALL=C
unset BITASK_WAIT BITASK_MAX_LOG_SIZE

setup() {
    prepare_store
}

prepare_store() {
    [[ -x $BITASK ]] || fail "no program at $BITASK; name it in the variable BITASK"
    cd "$BATS_TEST_TMPDIR" || return
    OUT=$BATS_TEST_TMPDIR/stdout
    ERR=$BATS_TEST_TMPDIR/stderr
    STORE=$BATS_TEST_TMPDIR/store
    export BITASK_PATH=$STORE
    store_is_damaged=
}

# Every test closes with the invariant check. A test that damages its store calls allow_damage.
teardown() {
    close_store
}

close_store() {
    if [[ -z $store_is_damaged ]] && compgen -G "$STORE/*.log" >/dev/null; then
        expect_status 0 bitask --db "$STORE" verify
    fi
}

allow_damage() {
    store_is_damaged=yes
}

bitask() {
    "$BITASK" "$@"
}

fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# --- Running a command and judging what it did ---

# expect_status N COMMAND...: the command ends with status N. Its standard output and error are
# kept, byte for byte, in the files $OUT and $ERR for the checks below.
expect_status() {
    local wanted=$1 status=0
    shift
    "$@" >"$OUT" 2>"$ERR" || status=$?
    [[ $status == "$wanted" ]] ||
        fail "status $status instead of $wanted: $*" "standard error: $(head -c 2000 "$ERR")"
}

# The last command printed exactly this text.
expect_output() {
    holds_text "$OUT" "$1" || same_bytes "$OUT" <(printf '%s' "$1")
}

# The last command printed exactly these bytes, given with the escapes of printf's %b.
expect_output_bytes() {
    same_bytes "$OUT" <(printf '%b' "$1")
}

# The last command printed exactly this text on standard error.
expect_stderr() {
    holds_text "$ERR" "$1" || same_bytes "$ERR" <(printf '%s' "$1")
}

# The last command printed nothing at all.
expect_silence() {
    expect_output '' && expect_stderr ''
}

# The last command printed one line on standard error, from the program, that holds every PART.
expect_message() {
    local line part
    IFS= read -r -d '' line <"$ERR" || true
    [[ $line == 'bitask: '*$'\n' && ${line%$'\n'} != *$'\n'* ]] ||
        fail "not one line beginning with 'bitask: ' on standard error: $line" || return
    for part in "$@"; do
        [[ $line == *"$part"* ]] || fail "not in the message: $part" "message: $line" || return
    done
}

# The last command refused: nothing on standard output, one message that holds every PART.
expect_refusal() {
    expect_output '' && expect_message "$@"
}

# holds_text FILE TEXT: the file holds this text and nothing else. Starts no process; most tests
# spend their time in starting them.
holds_text() {
    local text
    ! IFS= read -r -d '' text <"$1" && [[ $text == "$2" ]]
}

# same_bytes FILE FILE: what was found, and what was expected.
same_bytes() {
    local found expected
    found=$(od -An -v -c "$1" | head -n 200)
    expected=$(od -An -v -c "$2" | head -n 200)
    [[ $found == "$expected" ]] || fail 'found:' "$found" 'expected:' "$expected"
}

# same_files FILE FILE: like same_bytes, for long files; only tells where they begin to differ.
same_files() {
    cmp "$1" "$2" >&2
}

# The command must not succeed. (A plain `!` would not fail a test.)
refute() {
    ! "$@" || fail "unexpectedly true: $*"
}

# --- Looking at a store from outside ---

# A folder's files with all that a writer could change about them.
snapshot() {
    (
        cd "$1" || return
        find . -printf '%p %i %m %s %T@ %C@\n' | sort
        find . -type f -exec cksum {} + | sort
    )
}

# The content of a store as one line a pair, in the default format.
content() {
    "$BITASK" scan
}

active_log() {
    local logs=("$STORE"/*.active.log)
    [[ ${#logs[@]} == 1 && -e ${logs[0]} ]] || fail "not one active log: ${logs[*]}" || return
    printf '%s\n' "${logs[0]}"
}

sealed_logs() {
    find "$STORE" -name '*.log' ! -name '*.active.log' | sort
}

# Bytes in all logs of the store.
log_bytes() {
    cat "$STORE"/*.log | wc -c
}

# Removes all that can be rebuilt: everything but the logs.
keep_only_logs() {
    find "$1" -type f ! -name '*.log' -delete
}

# json_field NAME: the number or word after "NAME": in the object that the last command printed.
json_field() {
    local value
    value=$(sed -nE "s/.*\"$1\": *([^],} ]*).*/\1/p" "$OUT")
    [[ -n $value ]] || fail "no field $1 in: $(<"$OUT")" || return
    printf '%s\n' "$value"
}

# --- Making data ---

# pairs FIRST LAST [WORD]: tsv lines key000001 TAB WORD-000001, in key order.
pairs() {
    awk -v first="$1" -v last="$2" -v word="${3:-value}" \
        'BEGIN { for (i = first; i <= last; i++) printf "key%06d\t%s-%06d\n", i, word, i }'
}

kill_now() {
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# Kills a load, with many small hints, that has read all of a file but what the pipe holds.
kill_load_of() {
    local loader
    mkfifo input
    "$BITASK" load --no-sync --memory 1 input 3>&- &
    loader=$!
    exec 8>input
    cat "$1" >&8
    kill_now "$loader"
    exec 8>&-
}

# All 256 bytes, in order.
all_bytes() {
    local i byte bytes=
    for ((i = 0; i < 256; i++)); do
        printf -v byte '\\x%02x' "$i"
        bytes+=$byte
    done
    printf '%b' "$bytes"
}

# Hexadecimal digits on each line become tsv escapes: 6162 -> \x61\x62.
hex_to_escapes() {
    sed -E 's/[0-9a-f]{2}/\\x&/g'
}

# The file's bytes as hexadecimal digits.
hex_of() {
    od -An -v -tx1 "$1" | tr -d ' \n'
}

# flip FILE OFFSET MASK: changes bits of one byte in place.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf -v byte '\\x%02x' $((byte ^ $3))
    printf '%b' "$byte" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# --- Other processes ---

# Runs a command for which file permissions hold, even when the tests run as root.
with_permissions() {
    if [[ $EUID == 0 ]]; then
        setpriv --bounding-set=-all --inh-caps=-all "$@"
    else
        "$@"
    fi
}

# Takes the store's lock as another program would, until release_lock.
hold_lock() {
    mkdir -p "$STORE"
    exec 9>>"$STORE/db.lock"
    flock --nonblock 9
}

release_lock() {
    exec 9>&-
}

# eventually COMMAND...: waits until it succeeds. The bound is only there to end a broken run.
eventually() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        "$@" && return
        sleep 0.05
    done
    fail "never came true: $*"
}

# --- What not every build can show ---

# Sanitizers take address space and make system calls of their own.
sanitized() {
    [[ ${BITASK_SANITIZED-} == 1 || -n ${BITASK_SANITIZE-} ]]
}

expect_hints() {
    expect_status 0 bitask stat --json
    [[ $(json_field hints) != 0 ]] || fail 'the store has no hints'
}
