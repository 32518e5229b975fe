#!/usr/bin/env bats

load helpers

@test "one key: the value's bytes and nothing else" {
    bitask put k $'no newline after this'
    expect_status 0 bitask get k
    expect_output 'no newline after this'
    expect_stderr ''
}

@test "a key that was never put has status 1 and a line with its name" {
    bitask put other v
    expect_status 1 bitask get user:17
    expect_output ''
    expect_stderr $'bitask: get: key not found: "user:17"\n'
}

@test "keys in messages are quoted and escaped" {
    bitask put other v
    expect_status 1 bitask get $'a\tb"c\\d\ne\rf\x1b'
    expect_stderr 'bitask: get: key not found: "a\tb\"c\\d\ne\rf\x1b"'$'\n'
}

@test "-q leaves only the status of a missing key" {
    bitask put other v
    expect_status 1 bitask -q get absent
    expect_silence
}

@test "several keys: pairs in the order of the arguments, as scan prints them" {
    pairs 1 3 | bitask load
    expect_status 0 bitask get key000003 key000001 key000003
    expect_output $'key000003\tvalue-000003\nkey000001\tvalue-000001\nkey000003\tvalue-000003\n'
}

@test "several keys, some missing: the found ones, a line for each missing one, status 1" {
    pairs 1 2 | bitask load
    expect_status 1 bitask get none key000002 nil key000001
    expect_output $'key000002\tvalue-000002\nkey000001\tvalue-000001\n'
    expect_stderr $'bitask: get: key not found: "none"\nbitask: get: key not found: "nil"\n'
}

@test "an explicit format prints a pair even for one key" {
    bitask put k 'a b'
    expect_status 0 bitask get k --format tsv
    expect_output $'k\ta b\n'
    expect_status 0 bitask get --format=json k
    expect_output $'{"key":"k","value":"a b"}\n'
    expect_status 0 bitask get k --format null
    expect_output_bytes 'k\x00a b\x00'
}

@test "several keys in each format" {
    bitask put a 1
    bitask put b 2
    expect_status 0 bitask get a b --format json
    expect_output $'{"key":"a","value":"1"}\n{"key":"b","value":"2"}\n'
    expect_status 0 bitask get a b --format null
    expect_output_bytes 'a\x001\x00b\x002\x00'
}

@test "a value with a NUL byte cannot be printed in the null format: status 2, nothing of it" {
    bitask put a 1
    printf 'x\0y' | bitask put b
    expect_status 2 bitask get a b --format null
    expect_output_bytes 'a\x001\x00'
    expect_message
}

@test "an error that ends the command does not lower the status that was reached before it" {
    allow_damage
    bitask put a 1
    bitask put b 2
    printf 'x\0y' | bitask put c
    flip "$(active_log)" $((22 + 20 + 1)) 1    # the value of b
    expect_status 4 bitask get b c --format null
    expect_output ''
    grep -q 'holds a NUL byte' "$ERR"
    printf 'b\n\n' | expect_status 4 bitask get --stdin
    grep -q 'standard input:2: empty key' "$ERR"
    expect_status 4 bitask scan --format null
    expect_output_bytes 'a\x001\x00'
    grep -q 'holds a NUL byte' "$ERR"
}

@test "bytes in keys that are no text are escaped in messages" {
    bitask put other v
    expect_status 1 bitask get $'\xff\xc2\x9b\xc3\xa4'
    expect_stderr $'bitask: get: key not found: "\\xff\\xc2\\x9b\xc3\xa4"\n'
}

@test "--stdin: a key a line, with the escapes of tsv, the last newline optional" {
    printf 'a\\tb\tone\nc\\x00\ttwo\nd\\\\\tthree\ne\tfour\n' | bitask load
    printf 'e\nc\\0\nd\\\\\na\\tb' >keys
    expect_status 0 bitask get --stdin <keys
    expect_output $'e\tfour\nc\\0\ttwo\nd\\\\\tthree\na\\tb\tone\n'
    expect_stderr ''
}

@test "--stdin with a single key prints a pair" {
    bitask put k v
    echo k | expect_status 0 bitask get --stdin
    expect_output $'k\tv\n'
}

@test "--stdin with nothing in it prints nothing" {
    bitask put k v
    expect_status 0 bitask get --stdin </dev/null
    expect_silence
}

@test "--stdin reports missing keys and goes on" {
    pairs 1 2 | bitask load
    printf 'key000001\nabsent\nkey000002\n' | expect_status 1 bitask get --stdin
    expect_output $'key000001\tvalue-000001\nkey000002\tvalue-000002\n'
    expect_stderr $'bitask: get: key not found: "absent"\n'
}

@test "--stdin -0: keys end in NUL and are taken as they are" {
    printf 'a\\nb\tone\nback\\\\slash\ttwo\n' | bitask load
    printf 'a\nb\0back\\slash\0' >keys
    for option in -0 --null; do
        expect_status 0 bitask get --stdin "$option" <keys
        expect_output $'a\\nb\tone\nback\\\\slash\ttwo\n'
    done
}

@test "--stdin stops at a malformed key with its line number" {
    pairs 1 2 | bitask load
    # shellcheck disable=SC1003  # a backslash at the end of the line
    for line in 'bad\q' '\x4' '\xzz' 'end\' ''; do
        printf 'key000001\n\\x6bey000002\n%s\nkey000001\n' "$line" |
            expect_status 2 bitask get --stdin
        expect_output $'key000001\tvalue-000001\nkey000002\tvalue-000002\n'
        expect_message 'standard input:3: '
    done
}

@test "get needs a key" {
    bitask put k v
    expect_status 2 bitask get </dev/null
    expect_refusal
}

@test "an empty key is wrong usage" {
    bitask put k v
    expect_status 2 bitask get ''
    expect_refusal
    expect_status 2 bitask get k ''
}

@test "an unknown format is wrong usage and the message names the known ones" {
    bitask put k v
    expect_status 2 bitask get k --format xml
    expect_refusal xml tsv json null
}

@test "a hundred thousand keys from standard input are all found" {
    pairs 1 100000 >data
    bitask load data
    cut -f 1 data | expect_status 0 bitask get --stdin
    same_files "$OUT" data
}

@test "--stdin answers whoever waits for the answer before he asks again" {
    bitask put a 1
    bitask put b 2
    coproc ASKED { bitask get --stdin; }
    local line asked=$ASKED_PID # The shell forgets ASKED_PID as soon as the process has ended.
    echo a >&"${ASKED[1]}"
    read -r -t 60 line <&"${ASKED[0]}"
    [[ $line == $'a\t1' ]]
    echo b >&"${ASKED[1]}"
    read -r -t 60 line <&"${ASKED[0]}"
    [[ $line == $'b\t2' ]]
    eval "exec ${ASKED[1]}>&-"
    wait "$asked"
}

@test "--stdin answers in the order of the questions, however many there are" {
    seq 300000 | awk '{ print "key" $1 "\tvalue" $1 }' | bitask load --no-sync
    seq 300000 -1 1 | sed 's/^/key/' >keys
    expect_status 0 bitask get --stdin <keys
    seq 300000 -1 1 | awk '{ print "key" $1 "\tvalue" $1 }' | cmp - "$OUT"
    awk 'NR % 3 == 0' keys | expect_status 0 bitask rm --stdin
    expect_status 1 bitask get --stdin <keys
    seq 300000 -1 1 | awk '$1 % 3 != 1 { print "key" $1 "\tvalue" $1 }' | cmp - "$OUT"
    [[ $(wc -l <"$ERR") == 100000 ]]
}
