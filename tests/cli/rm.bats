#!/usr/bin/env bats

load helpers

@test "a removed key is gone, the others stay, and success says nothing" {
    pairs 1 3 | bitask load
    expect_status 0 bitask rm key000002
    expect_silence
    expect_status 1 bitask get key000002
    expect_status 0 bitask scan --keys
    expect_output $'key000001\nkey000003\n'
}

@test "removing a missing key has status 1, a line with its name, and writes nothing" {
    bitask put k v
    bitask rm k
    before=$(log_bytes)
    expect_status 1 bitask rm k
    expect_output ''
    expect_stderr $'bitask: rm: key not found: "k"\n'
    expect_status 1 bitask rm never-there
    expect_status 0 bitask rm -f never-there
    [[ $(log_bytes) == "$before" ]]
}

@test "several keys: missing ones are reported, the others removed" {
    pairs 1 4 | bitask load
    expect_status 1 bitask rm key000001 absent key000003 gone
    expect_output ''
    expect_stderr $'bitask: rm: key not found: "absent"\nbitask: rm: key not found: "gone"\n'
    expect_status 0 bitask scan --keys
    expect_output $'key000002\nkey000004\n'
}

@test "a key given twice is missing the second time" {
    bitask put k v
    expect_status 1 bitask rm k k
    expect_stderr $'bitask: rm: key not found: "k"\n'
}

@test "-f and --force are content with missing keys" {
    pairs 1 4 | bitask load
    expect_status 0 bitask rm -f absent key000001
    expect_silence
    expect_status 0 bitask rm --force key000002 absent
    expect_silence
    expect_status 0 bitask rm absent -f
    expect_silence
    expect_status 0 bitask scan --keys
    expect_output $'key000003\nkey000004\n'
}

@test "a removed key can be put again" {
    bitask put k one
    bitask rm k
    bitask put k two
    expect_status 0 bitask get k
    expect_output two
}

@test "--stdin: a key a line, with the escapes of tsv" {
    printf 'a\\tb\t1\nc\\0d\t2\ne\t3\nf\t4\n' | bitask load
    printf 'a\\tb\nc\\0d\ne' | expect_status 0 bitask rm --stdin
    expect_silence
    expect_status 0 bitask scan --keys
    expect_output $'f\n'
}

@test "--stdin -0: keys end in NUL and are taken as they are" {
    printf 'a\\nb\t1\nc\\\\n\t2\nd\t3\n' | bitask load
    printf 'a\nb\0c\\n\0' >keys
    expect_status 0 bitask rm --stdin -0 <keys
    expect_silence
    expect_status 0 bitask scan --keys
    expect_output $'d\n'
    printf 'd\0' | expect_status 0 bitask rm --stdin --null
    expect_status 0 bitask scan --count
    expect_output $'0\n'
}

@test "--stdin stops at a malformed key with its line number; keys before it are removed" {
    # shellcheck disable=SC1003  # a backslash at the end of the line
    for line in 'bad\q' '\x4' 'end\' ''; do
        pairs 1 3 | bitask load
        printf 'key000001\n%s\nkey000003\n' "$line" | expect_status 2 bitask rm --stdin
        expect_refusal 'standard input:2: ' '; the 1 key before it is removed'$'\n'
        expect_status 0 bitask scan --keys
        expect_output $'key000002\nkey000003\n'
    done
}

@test "--stdin tells how many keys are removed when its input fails" {
    pairs 1 3 | bitask load
    printf '\n' | expect_status 2 bitask rm --stdin
    expect_refusal 'standard input:1: ' '; no key is removed'$'\n'
    printf 'key000001\nkey000002\n\n' | expect_status 2 bitask rm --stdin
    expect_refusal 'standard input:3: ' '; the 2 keys before it are removed'$'\n'
    expect_status 0 bitask scan --keys
    expect_output $'key000003\n'
}

@test "rm outlives whoever reads its messages" {
    pairs 1 2 | bitask load
    { bitask rm key000001 absent key000002 || echo $? >status; } 2>&1 | :
    [[ $(<status) == 1 ]]
    expect_status 0 bitask scan
    expect_silence
}

@test "the highest status wins: a missing key and a malformed one give 2" {
    bitask put k v
    printf 'absent\nbad\\q\n' | expect_status 2 bitask rm --stdin
}

@test "rm needs a key, and not an empty one" {
    bitask put k v
    expect_status 2 bitask rm </dev/null
    expect_refusal
    expect_status 2 bitask rm ''
    expect_refusal
    expect_status 2 bitask rm -f ''
    expect_refusal
}

@test "-v tells what was removed, -q leaves only the status" {
    bitask put k v
    expect_status 0 bitask -v rm k
    expect_output ''
    expect_message 'rm: removed'
    expect_status 1 bitask -q rm k
    expect_silence
}

@test "every key of a store can be removed at once" {
    pairs 1 20000 | bitask load --max-log-size 64K
    bitask scan --keys | expect_status 0 bitask rm --stdin
    expect_silence
    expect_status 0 bitask scan
    expect_silence
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    expect_silence
}
