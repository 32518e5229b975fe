#!/usr/bin/env bats

load helpers

setup() {
    prepare_store
    # shellcheck source=scripts/completions/bitask.bash disable=SC2154  # of helpers
    source "$project/scripts/completions/bitask.bash"
    mkdir folder
    touch file
}

# Does nothing outside of a real completion.
compopt() { :; }

# expect_completion WORDS... = OFFERED...: what bash offers for the last of the words.
expect_completion() {
    local wanted
    COMP_WORDS=()
    while [[ $1 != = ]]; do
        COMP_WORDS+=("$1")
        shift
    done
    shift
    wanted=$*
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _bitask
    [[ ${COMPREPLY[*]} == "$wanted" ]] || fail "for: ${COMP_WORDS[*]}" "offered: ${COMPREPLY[*]}"
}

@test "commands, and the options that each of them takes" {
    expect_completion bitask sc = scan
    expect_completion bitask -q sc = scan
    expect_completion bitask scan --re = --reverse
    expect_completion bitask get --re =
    expect_completion bitask help ver = verify
}

@test "a folder behind -d, --db and bundles that end in d; it is no command" {
    for option in -d --db -qd -vqd; do
        expect_completion bitask "$option" fo = folder
        expect_completion bitask "$option" scan ve = verify
        expect_completion bitask scan "$option" fo = folder
    done
}

@test "behind -- stand keys, or files for load, and no options" {
    expect_completion bitask get -- - =
    expect_completion bitask get -- --for =
    expect_completion bitask put -- -d fo =
    expect_completion bitask get -- '' =
    expect_completion bitask load -- fil = file
    expect_completion bitask load -- --file fil = file
    expect_completion bitask -- ge =
}
