#!/usr/bin/env bats

load helpers

commands=(put get rm scan load compact stat verify)

@test "--version prints the name and three numbers" {
    expect_status 0 bitask --version
    expect_stderr ''
    [[ $(<"$OUT") =~ ^bitask\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "--help names every command, on standard output" {
    expect_status 0 bitask --help
    expect_stderr ''
    for command in "${commands[@]}"; do
        grep -qw "$command" "$OUT" || fail "not in --help: $command"
    done
    grep -q -- --db "$OUT"
    grep -q BITASK_PATH "$OUT"
}

@test "every command has its own help with an example, and needs no store for it" {
    unset BITASK_PATH
    for command in "${commands[@]}" ask remove; do
        expect_status 0 bitask "$command" --help
        expect_stderr ''
        grep -qi "^examples\?:" "$OUT" || fail "no example: $command"
    done
}

@test "help for each option that a command takes" {
    for option in --file --wait --no-sync --max-log-size; do
        bitask put --help | grep -q -- "$option" || fail "put: $option"
    done
    for option in --stdin --null --format; do
        bitask get --help | grep -q -- "$option" || fail "get: $option"
    done
    for option in --stdin --null --force --wait --no-sync; do
        bitask rm --help | grep -q -- "$option" || fail "rm: $option"
    done
    for option in --prefix --from --to --limit --reverse --keys --count --format; do
        bitask scan --help | grep -q -- "$option" || fail "scan: $option"
    done
    for option in --format --wait --no-sync --max-log-size; do
        bitask load --help | grep -q -- "$option" || fail "load: $option"
    done
    for option in --min-garbage --if-garbage --dry-run --json --wait; do
        bitask compact --help | grep -q -- "$option" || fail "compact: $option"
    done
    for command in stat verify; do
        bitask $command --help | grep -q -- --json || fail "$command: --json"
    done
}

@test "no command, an unknown command, an unknown option: status 2 and one line" {
    expect_status 2 bitask
    expect_refusal
    expect_status 2 bitask frobnicate
    expect_refusal frobnicate
    expect_status 2 bitask --frobnicate put k v
    expect_refusal --frobnicate
    for command in "${commands[@]}"; do
        expect_status 2 bitask "$command" --frobnicate
        expect_refusal --frobnicate
        expect_status 2 bitask "$command" -Z
        expect_refusal
    done
    [[ ! -e $STORE ]]
}

@test "an option of another command is wrong usage" {
    bitask put k v
    expect_status 2 bitask put k v --reverse
    expect_refusal --reverse
    expect_status 2 bitask scan --file x
    expect_refusal --file
    expect_status 2 bitask get k --no-sync
    expect_refusal --no-sync
}

@test "an option without its value is wrong usage" {
    bitask put k v
    for arguments in '--db' 'scan --prefix' 'scan --limit' 'scan --format' 'put k --file' \
        'put k v --wait' 'compact --min-garbage'; do
        # shellcheck disable=SC2086  # words
        expect_status 2 bitask $arguments
        expect_refusal
    done
}

@test "a flag takes no value" {
    bitask put k v
    for arguments in 'scan --keys=perhaps' 'scan --count=3' 'put k w --no-sync=false' \
        'rm k --force=true' 'rm k -q=false'; do
        # shellcheck disable=SC2086  # words
        expect_status 2 bitask $arguments
        expect_refusal 'takes no value'
    done
    expect_status 0 bitask get k
    expect_output v
}

@test "neither --db nor BITASK_PATH: the message names both" {
    unset BITASK_PATH
    for arguments in 'put k v' 'get k' 'rm k' scan load compact stat verify; do
        # shellcheck disable=SC2086  # words
        expect_status 2 bitask $arguments </dev/null
        expect_refusal --db BITASK_PATH
    done
}

@test "--db and -d win over BITASK_PATH" {
    bitask put k 'by environment'
    bitask --db other put k 'by option'
    expect_status 0 bitask get k
    expect_output 'by environment'
    for options in '--db other' '--db=other' '-d other'; do
        # shellcheck disable=SC2086  # words
        expect_status 0 bitask $options get k
        expect_output 'by option'
    done
}

@test "global options may stand before or after the command" {
    unset BITASK_PATH
    expect_status 0 bitask put --db "$STORE" k v
    expect_status 0 bitask put l w -d "$STORE"
    expect_status 0 bitask get k --db="$STORE"
    expect_output v
    expect_status 0 bitask put -v k vv --db "$STORE"
    expect_message stored
    expect_status 0 bitask put k vvv --db "$STORE" -v
    expect_message stored
    expect_status 1 bitask get absent -q -d "$STORE"
    expect_silence
    expect_status 1 bitask -q -d "$STORE" get absent
    expect_silence
}

@test "options of a command may stand between and after its arguments" {
    printf x >value
    expect_status 0 bitask put --file value k
    expect_status 0 bitask put --no-sync k v
    expect_status 0 bitask put k v --no-sync
    expect_status 0 bitask put k --wait 1 v
    expect_status 0 bitask get --format json k
    expect_status 0 bitask get k --format json
    expect_output $'{"key":"k","value":"v"}\n'
}

@test "after -- nothing is an option" {
    expect_status 0 bitask put -- --help --version
    expect_silence
    expect_status 0 bitask get -- --help
    expect_output --version
    expect_status 0 bitask put -- -- dashes
    expect_status 0 bitask get -- --
    expect_output dashes
    expect_status 0 bitask get --format tsv -- -- --help
    expect_output $'--\tdashes\n--help\t--version\n'
    expect_status 0 bitask rm -- --help --
    expect_status 0 bitask scan --count
    expect_output $'0\n'
}

@test "long options take their value after = too" {
    pairs 1 9 >data
    expect_status 0 bitask --db="$STORE" load --format=tsv --wait=0.5 --max-log-size=1M data
    expect_status 0 bitask scan --keys --from=key000003 --to=key000006 --limit=2
    expect_output $'key000003\nkey000004\n'
    expect_status 0 bitask scan --prefix=key000009 --format=json
    expect_output $'{"key":"key000009","value":"value-000009"}\n'
    expect_status 0 bitask compact --min-garbage=10 --if-garbage=10
    expect_status 0 bitask put k --file=data
    expect_status 0 bitask put --key=x=y --value=a=b
    expect_status 0 bitask get --key=x=y
    expect_output a=b
}

@test "the reference's spellings work: ask, remove, --key, --value" {
    expect_status 0 bitask put --key name --value Alice
    expect_silence
    expect_status 0 bitask ask --key name
    expect_output Alice
    expect_status 0 bitask ask name
    expect_output Alice
    expect_status 0 bitask remove --key name
    expect_silence
    expect_status 1 bitask ask --key name
    expect_message 'key not found: "name"'
    expect_status 1 bitask remove name
}

@test "--key and --value mix with the other spellings" {
    expect_status 0 bitask put --value v --key a
    expect_status 0 bitask get --key a
    expect_output v
    expect_status 0 bitask put b --value w
    expect_status 0 bitask get b
    expect_output w
    printf 'from stdin' | expect_status 0 bitask put --key c
    expect_status 0 bitask get c
    expect_output 'from stdin'
    expect_status 0 bitask rm --key c
    expect_status 0 bitask scan --keys
    expect_output $'a\nb\n'
}

@test "--key and --value obey the same rules" {
    expect_status 2 bitask put --key '' --value v
    expect_refusal
    expect_status 2 bitask put --key k --value ''
    expect_refusal
    printf x >value
    expect_status 2 bitask put --key k --value v --file value
    expect_refusal
}

@test "--key several times: all keys for get and rm, wrong usage for put" {
    pairs 1 3 | bitask load
    expect_status 0 bitask get --key key000001 --key key000002
    expect_output $'key000001\tvalue-000001\nkey000002\tvalue-000002\n'
    expect_status 0 bitask rm --key key000001 --key key000002
    expect_status 0 bitask scan --keys
    expect_output $'key000003\n'
    expect_status 2 bitask put --key a --key b v
    expect_refusal --key
}

@test "a number below zero is no argument unless it stands behind --" {
    for word in -1 -5x -0 -1.5; do
        expect_status 2 bitask put k "$word"
        expect_refusal "unknown option \"$word\""
        expect_status 2 bitask put "$word" v
        expect_refusal "unknown option \"$word\""
    done
    [[ ! -e $STORE ]]
    expect_status 0 bitask put -- -1 -5x
    expect_status 0 bitask get -- -1
    expect_output -5x
}

@test "the reference's help and version: help [COMMAND], -V" {
    bitask --help >general
    bitask scan --help >of-scan
    expect_status 0 bitask help
    same_files "$OUT" general
    expect_status 0 bitask help scan
    same_files "$OUT" of-scan
    bitask --version >version
    expect_status 0 bitask -V
    same_files "$OUT" version
}

@test "--value may be a number below zero" {
    expect_status 0 bitask put --key k --value=-5
    expect_status 0 bitask get k
    expect_output -5
}

@test "-q still lets usage errors through" {
    expect_status 2 bitask -q put '' v
    expect_refusal
}

@test "an argument's line feeds do not break the one line of an error" {
    expect_status 2 bitask $'frob\nnicate'
    expect_refusal
    expect_status 2 bitask scan $'--frob\nnicate'
    expect_refusal
    expect_status 5 bitask --db $'no\nstore' get k
    expect_refusal
}
