#!/usr/bin/env bats

load helpers

readers=('get k' scan 'scan --count' stat 'stat --json' verify 'verify --json')

# Every command that does not create stores refuses, and leaves the path as it is.
expect_no_store() {
    local before after
    before=$(ls -laR "$1" 2>&1 || true)
    for arguments in "${readers[@]}" 'rm k' 'rm -f k' compact 'compact --dry-run'; do
        # shellcheck disable=SC2086  # words
        expect_status 5 bitask --db "$1" $arguments || return
        expect_refusal "no store in \"$1\"" || return
    done
    after=$(ls -laR "$1" 2>&1 || true)
    [[ $before == "$after" ]] || fail "$1 changed: $after"
}

@test "a missing folder is no store, and is not created" {
    expect_no_store missing
    expect_no_store missing/below
}

@test "an empty folder is no store, and stays empty" {
    mkdir empty
    expect_no_store empty
}

@test "a folder of other people's files is no store, and stays as it is" {
    mkdir foreign
    echo text >foreign/notes.txt
    echo text >foreign/12345.hint
    expect_no_store foreign
}

@test "a path that is a file is refused by every command, and stays as it is" {
    echo text >file
    for arguments in 'put k v' 'load' 'rm k' compact "${readers[@]}"; do
        # shellcheck disable=SC2086  # words
        echo $'k\tv' | expect_status 5 bitask --db file $arguments
        expect_refusal file
        # shellcheck disable=SC2086
        echo $'k\tv' | expect_status 5 bitask --db file/below $arguments
        expect_refusal file/below
    done
    [[ $(<file) == text ]]
}

@test "a lock file alone is a store, an empty one" {
    mkdir "$STORE"
    : >"$STORE/db.lock"
    expect_status 0 bitask scan
    expect_silence
    expect_status 1 bitask get k
    expect_status 1 bitask rm k
    expect_status 0 bitask verify
    expect_status 0 bitask compact
    expect_status 0 bitask put k v
    expect_status 0 bitask get k
    expect_output v
}

@test "logs without a lock file are a store" {
    bitask put k v
    keep_only_logs "$STORE"
    expect_status 0 bitask get k
    expect_output v
    expect_status 0 bitask rm k
    expect_status 1 bitask get k
}

@test "put and load create a store in an empty folder and beside other files" {
    mkdir empty foreign
    echo text >foreign/notes.txt
    expect_status 0 bitask --db empty put k v
    expect_status 0 bitask --db empty get k
    printf 'k\tv\n' | expect_status 0 bitask --db foreign load
    expect_status 0 bitask --db foreign get k
    [[ $(<foreign/notes.txt) == text ]]
}

@test "other files in a store's folder are passed over and never touched" {
    bitask put k v
    mkdir "$STORE/folder" "$STORE/123.log.d"
    echo text | tee "$STORE/notes.txt" "$STORE/x.log" "$STORE/.log" "$STORE/12a.log" \
        "$STORE/123.log.bak" "$STORE/backup.active.log" "$STORE/folder/1.log" >/dev/null
    foreign() {
        (
            cd "$STORE" || return
            ls -d 123.log.d
            cksum notes.txt x.log .log 12a.log 123.log.bak backup.active.log folder/1.log
        )
    }
    before=$(foreign)
    expect_status 0 bitask scan
    expect_output $'k\tv\n'
    expect_stderr ''
    expect_status 0 bitask verify
    expect_silence
    bitask put k w
    bitask compact
    bitask put --max-log-size 1 l v
    bitask rm l
    expect_status 0 bitask scan
    expect_output $'k\tw\n'
    [[ $(foreign) == "$before" ]]
}

@test "readers change nothing in the folder, with hints and without, torn tail or not" {
    pairs 1 20000 | bitask load --max-log-size 256K
    for state in closed bare torn; do
        case $state in
            bare) keep_only_logs "$STORE" ;;
            torn) printf torn >>"$(active_log)" ;;
        esac
        before=$(snapshot "$STORE")
        for arguments in 'get key000001' 'get key000001 key019999' 'scan --limit 3' scan \
            'scan --count' stat 'stat --json' verify 'verify --json'; do
            # shellcheck disable=SC2086  # words
            expect_status 0 bitask $arguments
            [[ $(snapshot "$STORE") == "$before" ]] || fail "changed by $arguments, $state"
        done
        expect_status 1 bitask get absent
        [[ $(snapshot "$STORE") == "$before" ]] || fail "changed by a missing key, $state"
    done
}

@test "readers work in a folder that they may not write to" {
    pairs 1 20000 >data
    bitask load --max-log-size 256K data
    chmod -R a-w "$STORE"
    for state in closed bare; do
        expect_status 0 with_permissions "$BITASK" get key000001
        expect_output value-000001
        expect_status 0 with_permissions "$BITASK" scan
        same_files "$OUT" data
        expect_status 0 with_permissions "$BITASK" stat
        expect_status 0 with_permissions "$BITASK" verify
        expect_silence
        chmod u+w "$STORE"
        [[ $state == bare ]] || keep_only_logs "$STORE"
        chmod a-w "$STORE"
    done
    chmod -R u+w "$STORE"
}

@test "writers are refused in a folder that they may not write to, which stays as it is" {
    bitask put k v
    chmod -R a-w "$STORE"
    before=$(snapshot "$STORE")
    for arguments in 'put k w' 'rm k' load compact; do
        # shellcheck disable=SC2086  # words
        printf 'k\tw\n' | expect_status 5 with_permissions "$BITASK" $arguments
        expect_refusal "$STORE" 'Permission denied'
    done
    [[ $(snapshot "$STORE") == "$before" ]]
    chmod -R u+w "$STORE"
    expect_status 0 bitask get k
    expect_output v
}

@test "a store cannot be created where folders cannot" {
    mkdir locked
    chmod a-w locked
    expect_status 5 with_permissions "$BITASK" --db locked/store put k v
    expect_refusal locked/store 'Permission denied'
    chmod u+w locked
}

@test "a folder that may not be read is refused" {
    bitask put k v
    chmod 0 "$STORE"
    expect_status 5 with_permissions "$BITASK" get k
    expect_refusal "$STORE" 'Permission denied'
    chmod 755 "$STORE"
}

@test "a log that may not be read is refused, not passed over" {
    bitask put k v
    log=$(active_log)
    chmod 0 "$log"
    expect_status 5 with_permissions "$BITASK" get k
    expect_refusal "${log##*/}" 'Permission denied'
    chmod 644 "$log"
}

@test "a store is reached by any spelling of its path" {
    mkdir -p 'a b/c'
    ln -s 'a b' link
    for path in "$PWD/a b/c/" './a b//c' 'a b/../a b/c' link/c; do
        rm -rf 'a b/c'
        expect_status 0 bitask --db "$path" put k v
        expect_status 0 bitask --db 'a b/c' get k
        expect_output v
    done
    cd 'a b/c'
    expect_status 0 bitask --db . get k
    expect_output v
    expect_status 0 bitask -d ./ put k w
}

@test "a store reached over a link to its folder" {
    bitask put k v
    ln -s "$STORE" link
    expect_status 0 bitask --db link get k
    expect_output v
    expect_status 0 bitask --db link put k w
    expect_status 0 bitask get k
    expect_output w
}

@test "an empty path is wrong usage or no store, never the root or the current folder" {
    for path in '--db=' ''; do
        status=0
        BITASK_PATH='' bitask ${path:+"$path"} put k v >"$OUT" 2>"$ERR" || status=$?
        [[ $status == 2 || $status == 5 ]]
        expect_refusal
    done
    [[ ! -e db.lock && ! -e /db.lock ]]
}
