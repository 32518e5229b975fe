#!/usr/bin/env bats

load helpers

# The forms of other programs, with those programs on the other side of the pipe.

need() {
    command -v "$1" >/dev/null || skip "$1 is not installed"
}

# Keys and values with every byte there is, in places where programs stumble.
store_hostile_pairs() {
    {
        printf 'plain\tvalue\n'
        printf '\\\\\tbackslash\n'
        printf 'arrow->\t->\\n->\n'
        printf '+1,1:a->b\\n\t+1,1:a->b\\n\\n\n'
        printf ' blank \t blank \n'
        printf 'DATA=END\tHEADER=END\n'
        printf '\\0\t\\0\\0\n'
        printf '\xc3\xa4\t\xff\xfe\\r\\n\n'
        for byte in {0..9} {a..f}; do
            printf 'all \\x%s\\x%s\t' "1$byte" "f$byte"
            printf '\\x%x' {0..255} | sed 's/\\x\(.\)\(\\\|$\)/\\x0\1\2/g; s/\\x\(.\)\(\\\|$\)/\\x0\1\2/g'
            printf '\n'
        done
    } | bitask load
    content >expected
}

# round_trip FORMAT: what scan prints in the form, load reads back.
round_trip() {
    bitask scan --format "$1" | bitask --db "copy-$1" load --format "$1"
    bitask --db "copy-$1" scan >found
    same_files found expected
}

@test "what scan prints in a form, load reads back, whatever the bytes are" {
    store_hostile_pairs
    local form
    for form in tsv json cdb dump dump-print; do
        round_trip "$form"
    done
    expect_status 2 bitask scan --format null
    grep -q 'holds a NUL byte' "$ERR"
}

@test "cdb reads what scan prints, and load what cdb prints" {
    need cdb
    store_hostile_pairs
    bitask scan --format cdb | cdb -c there.cdb
    cdb -d there.cdb | bitask --db back load --format cdb
    bitask --db back scan >found
    same_files found expected
    [[ $(cdb -q there.cdb plain) == value ]]
}

@test "db_load reads what scan prints, and load both forms that db_dump prints" {
    need db_load
    store_hostile_pairs
    local form
    for form in dump dump-print; do
        rm -rf there.db back
        bitask scan --format "$form" | db_load there.db
        db_dump there.db | bitask --db back load --format dump
        bitask --db back scan >found
        same_files found expected
        rm -rf back
        db_dump -p there.db | bitask --db back load --format dump
        bitask --db back scan >found
        same_files found expected
    done
}

@test "db_load and mdb_load take an empty dump" {
    need db_load
    need mdb_load
    printf 'a\tb\n' | bitask load
    bitask rm a
    bitask scan --format dump | db_load there.db
    [[ $(db_dump there.db | grep -c '^ ') == 0 ]]
    mkdir there
    bitask scan --format dump | mdb_load there
    mdb_dump there | bitask --db back load --format dump
    [[ $(bitask --db back scan --count) == 0 ]]
}

# mdb_dump -p prints backslashes as they are, so that nobody can read them back: not that form.
@test "mdb_load reads what scan prints, and load what mdb_dump prints" {
    need mdb_load
    store_hostile_pairs
    local form
    for form in dump dump-print; do
        rm -rf there back
        mkdir there
        bitask scan --format "$form" | mdb_load there
        mdb_dump there | bitask --db back load --format dump
        bitask --db back scan >found
        same_files found expected
    done
}

@test "mdb_load is told how large the database may become by a line in the header" {
    need mdb_load
    pairs 1 100000 | bitask load
    mkdir there
    bitask scan --format dump | sed 's/^HEADER=END$/mapsize=100000000\n&/' | mdb_load there
    mdb_dump there | bitask --db back load --format dump
    [[ $(bitask --db back scan --count) == 100000 ]]
}

# The server, which Debian's redis-tools have under the name of one of its uses.
start_redis() {
    local server
    server=$(command -v redis-server || command -v redis-check-rdb) || skip 'no Redis server'
    need redis-cli
    mkdir redis
    (exec -a redis-server "$server" --bind 127.0.0.1 --port "$1" --save '' --dir redis) \
        >redis/log 2>&1 3>&- &
    redis=$!
    local i
    for ((i = 0; i < 100; i++)); do
        [[ $(redis-cli -p "$1" ping 2>/dev/null) == PONG ]] && return
        kill -0 "$redis" 2>/dev/null || break
        sleep 0.1
    done
    cat redis/log >&2
    fail 'the Redis server does not answer'
}

@test "a Redis server takes what scan prints for it" {
    local port=$((20000 + RANDOM % 10000))
    store_hostile_pairs
    pairs 1 5000 | bitask load
    content >expected
    start_redis "$port"
    bitask scan --format resp | redis-cli -p "$port" --pipe >report
    grep -q 'errors: 0, replies: 5024' report
    [[ $(redis-cli -p "$port" dbsize) == 5024 ]]
    # Byte for byte, as the server tells it: the length of each value, and its bytes.
    bitask get plain >value
    redis-cli -p "$port" get plain | head -c 5 | cmp - value
    printf 'all \x10\xf0' >key
    redis-cli -p "$port" -x strlen <key | grep -qx 256
    redis-cli -p "$port" -x get <key | head -c 256 >found
    bitask get "$(cat key)" | cmp - found
    kill "$redis"
    wait "$redis" || true
}

@test "forms without a place for keys alone are wrong usage with --keys" {
    printf 'a\tb\n' | bitask load
    local form
    for form in cdb dump dump-print resp; do
        expect_status 2 bitask scan --keys --format "$form"
        [[ ! -s $OUT ]]
        grep -q "the $form format has no place for keys without values" "$ERR"
    done
}

@test "resp cannot be loaded" {
    expect_status 2 bitask load --format resp </dev/null
    grep -q 'the resp format can only be printed' "$ERR"
    [[ ! -e $STORE ]]
}

@test "get prints several keys in any form, as scan does" {
    pairs 1 3 | bitask load
    local form
    for form in cdb dump dump-print resp; do
        bitask scan --format "$form" >expected
        expect_status 0 bitask get --format "$form" key000001 key000002 key000003
        same_files "$OUT" expected
        pairs 1 3 | cut -f 1 | bitask get --format "$form" --stdin | cmp - expected
    done
}

@test "input that ends in the middle says so, and how many pairs are stored" {
    pairs 1 3 | bitask --db whole load
    local form
    for form in cdb dump dump-print; do
        bitask --db whole scan --format "$form" >input
        local size cut
        size=$(wc -c <input)
        for cut in 2 5 10 30; do
            rm -rf "$STORE"
            head -c $((size - cut)) input >part
            expect_status 2 bitask load --format "$form" part
            grep -qE "part.*(ends (before|without)|in the middle|a key without).*(stored)" "$ERR" ||
                fail "$form, $cut bytes: $(cat "$ERR")"
        done
    done
}

@test "load --skip-bad passes over malformed pairs and tells of them" {
    printf 'a\t1\nbad\n\tno key\nb\t\nc\t\\q\nd\t4\n' >input
    expect_status 2 bitask load input
    rm -rf "$STORE"
    expect_status 0 bitask load --skip-bad input
    [[ $(cat "$ERR") == \
        'bitask: load: skipped 4 bad pairs, the first: input:2: no TAB between key and value' ]]
    [[ $(content) == $'a\t1\nd\t4' ]]
    expect_status 0 bitask -v load --skip-bad input
    [[ $(grep -c 'skipped: input:' "$ERR") == 4 ]]
    expect_status 0 bitask -q load --skip-bad input
    expect_silence
}

@test "load --skip-bad passes over malformed pairs of each form" {
    printf '{"key":"a","value":"1"}\nnonsense\n{"key":"d","value":"4"}\n' >input.json
    printf 'a\0001\0\0none\0b\0\0d\0004\0' >input.null
    printf '+1,1:a->1\n+0,1:->x\n+1,0:b->\n+1,1:d->4\n\n' >input.cdb
    printf 'VERSION=3\nHEADER=END\n 61\n 31\n 6\n 31\n 61\n 3x\n 64\n 34\nDATA=END\n' >input.dump
    local form
    for form in json null cdb dump; do
        rm -rf "$STORE"
        expect_status 0 bitask load --skip-bad --format "$form" "input.$form"
        [[ $(content) == $'a\t1\nd\t4' ]] || fail "$form: $(content)"
        grep -qE 'skipped [12] bad pairs?, the first' "$ERR"
    done
}

@test "load --skip-bad stops where nobody can tell the next pair" {
    printf '+1,1:a->1\n+1,1:bb->1\n+1,1:d->4\n\n' >input
    expect_status 2 bitask load --skip-bad --format cdb input
    grep -q 'the 1 pair before it is stored' "$ERR"
    [[ $(content) == $'a\t1' ]]
}
