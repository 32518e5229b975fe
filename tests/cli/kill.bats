#!/usr/bin/env bats

load helpers

# These tests kill a writer at many moments. What they promise holds at every moment, so that it
# does not matter which ones a run happens to hit.

# After a kill: what was acknowledged is there, the store is whole, and the next writer works.
expect_survival() {
    expect_status 0 bitask get acknowledged
    expect_output yes
    expect_status 0 bitask verify
    expect_output ''
    expect_status 0 bitask put next v
    expect_status 0 bitask get next
    expect_output v
    expect_status 0 bitask get acknowledged
    expect_output yes
    expect_status 0 bitask verify
    expect_silence
}

# The loaded keys that are there are the first ones of the file, and nothing else.
expect_prefix_of() {
    expect_status 0 bitask scan --prefix key
    head -n "$(wc -l <"$OUT")" "$1" >prefix
    same_files "$OUT" prefix
}

@test "a load killed while it waits for input leaves the beginning of what it read" {
    pairs 1 20000 >data
    mkfifo input
    for bytes in 0 1 22 23 1000 70000 200000 459999; do
        rm -rf "$STORE"
        bitask put acknowledged yes
        "$BITASK" load --max-log-size 64K input 3>&- &
        loader=$!
        exec 8>input
        head -c "$bytes" data >&8
        kill_now "$loader"
        exec 8>&-
        expect_prefix_of data
        expect_survival
        expect_prefix_of data
        keep_only_logs "$STORE"
        expect_prefix_of data
    done
}

@test "a load killed at varying moments leaves the beginning of its file" {
    pairs 1 30000 >data
    for delay in 0 0.002 0.005 0.01 0.02 0.04; do
        rm -rf "$STORE"
        bitask put acknowledged yes
        "$BITASK" load --max-log-size 64K data 3>&- &
        loader=$!
        sleep $delay
        kill_now "$loader"
        expect_prefix_of data
        expect_survival
        expect_status 0 bitask load --max-log-size 64K data
        expect_status 0 bitask scan --prefix key
        same_files "$OUT" data
    done
}

@test "a load killed when it has made many hints leaves the beginning of its file, and they serve" {
    pairs 1 900000 >data
    bitask put acknowledged yes
    kill_load_of data
    hints=$(od -An -tu8 -j96 -N8 "$STORE/0.manifest")
    ((hints > 47)) || fail "$hints hints: their names still fit one page of the manifest"
    expect_prefix_of data
    head -n 850000 data | awk 'NR % 1000 == 0' >some
    cut -f 1 some | expect_status 0 bitask get --stdin
    same_files "$OUT" some
    expect_survival
    expect_prefix_of data
    expect_status 0 bitask compact
    [[ $(compgen -G "$STORE/*.hint" | wc -l) == 1 ]]
    expect_prefix_of data
    keep_only_logs "$STORE"
    expect_prefix_of data
}

@test "a killed put of a large piped value leaves the old value and no leftovers" {
    mkfifo value
    bitask put acknowledged yes
    bitask put big old
    for bytes in 1 5000 3000000 12000000; do
        "$BITASK" put big <value 3>&- &
        writer=$!
        exec 8>value
        head -c "$bytes" /dev/zero >&8
        kill_now "$writer"
        exec 8>&-
        expect_status 0 bitask get big
        expect_output old
        expect_survival
    done
    [[ $(find "$STORE" -size +100k) == '' ]]
}

@test "a put of a large file killed at varying moments leaves the old value or the new one" {
    seq 1 4000000 >value
    bitask put acknowledged yes
    printf old >old
    for delay in 0 0.002 0.005 0.01 0.02 0.04 0.08; do
        bitask put big old-value
        "$BITASK" put big --file value 3>&- &
        writer=$!
        sleep $delay
        kill_now "$writer"
        expect_status 0 bitask get big
        cmp -s "$OUT" value || expect_output old-value
        expect_survival
    done
}

@test "one-shot puts killed at varying moments: those that exited 0 are there" {
    bitask put acknowledged yes
    for i in $(seq 1 80); do
        "$BITASK" put "key$i" "value$i" --max-log-size 200 3>&- &
        writer=$!
        sleep "0.00$((i % 8))"
        kill -9 "$writer" 2>/dev/null || true
        status=0
        wait "$writer" 2>/dev/null || status=$?
        [[ $status == 0 || $status == 137 ]]
        [[ $status != 0 ]] || printf 'key%d\n' "$i" >>done-keys
        printf 'key%d\tvalue%d\n' "$i" "$i" >>tried
    done
    touch done-keys
    expect_status 0 bitask get --stdin <done-keys
    sort tried >all
    expect_status 0 bitask scan --prefix key
    [[ -z $(comm -13 all "$OUT") ]]
    expect_survival
}

@test "a compaction killed at varying moments loses nothing and brings nothing back" {
    pairs 1 20000 one | bitask load --max-log-size 128K
    pairs 1 20000 two | bitask load --max-log-size 128K
    seq -f 'key%06.0f' 3 3 20000 | bitask rm --stdin
    bitask put acknowledged yes
    bitask scan --prefix key >expected
    mv "$STORE" original
    for delay in 0 0.002 0.005 0.01 0.015 0.025 0.05; do
        rm -rf "$STORE"
        cp -r original "$STORE"
        "$BITASK" compact 3>&- &
        compaction=$!
        sleep $delay
        kill_now "$compaction"
        cp -r "$STORE" logs-alone
        keep_only_logs logs-alone
        expect_status 0 bitask --db logs-alone scan --prefix key
        same_files "$OUT" expected
        rm -r logs-alone
        expect_status 0 bitask scan --prefix key
        same_files "$OUT" expected
        expect_survival
        expect_status 0 bitask compact
        expect_silence
        [[ -z $(find "$STORE" -name '*.tmp') ]]
        expect_status 0 bitask stat --json
        [[ $(json_field dead_bytes) == 0 ]]
        expect_status 0 bitask scan --prefix key
        same_files "$OUT" expected
    done
}

@test "a writer dies by the signal that is sent to it" {
    bitask put acknowledged yes
    mkfifo input
    for signal in TERM:143 HUP:129 KILL:137; do
        "$BITASK" load input 3>&- &
        loader=$!
        exec 8>input
        printf 'key\tv\n' >&8
        kill -"${signal%:*}" "$loader"
        status=0
        wait "$loader" || status=$?
        exec 8>&-
        [[ $status == "${signal#*:}" ]] || fail "status $status after ${signal%:*}"
        expect_survival
    done
}

@test "SIGTERM and SIGINT end a load in order: the pairs before are stored, and it tells how many" {
    mkfifo input
    seq 100000 | awk '{ print "key" $1 "\tvalue" $1 }' >pairs
    for signal in TERM:143 INT:130; do
        # A shell lets its background commands pass over SIGINT: this one must not.
        env --default-signal=INT "$BITASK" load input 2>"$ERR" 3>&- &
        loader=$!
        exec 8>input
        head -n 50000 pairs >&8
        until [[ -s $(echo "$STORE"/*.active.log) ]]; do
            sleep 0.01
        done
        kill -"${signal%:*}" "$loader"
        status=0
        wait "$loader" || status=$?
        exec 8>&-
        [[ $status == "${signal#*:}" ]] || fail "status $status after ${signal%:*}"
        expect_message 'load: stopped by a signal; '
        stored=$(sed 's/.*signal; \([0-9]*\) pairs are stored$/\1/' "$ERR")
        ((stored >= 1 && stored <= 50000))
        bitask scan --format tsv >found
        head -n "$stored" pairs | LC_ALL=C sort | cmp - found
        rm -r "$STORE"
    done
}
