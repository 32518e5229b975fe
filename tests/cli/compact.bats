#!/usr/bin/env bats

load helpers

# Two thousand keys over many logs: each put three times, every second one then removed.
store_with_garbage() {
    pairs 1 2000 one | bitask load --max-log-size 8K
    pairs 1 2000 two | bitask load --max-log-size 8K
    pairs 1 2000 three | bitask load --max-log-size 8K
    seq -f 'key%06.0f' 2 2 2000 | bitask rm --stdin
    content >before
    [[ $(wc -l <before) == 1000 ]]
}

# Bytes of the records that the lines of a tsv file without escapes stand for.
record_bytes() {
    awk -F '\t' '{ sum += 20 + length($1) + length($2) } END { printf "%d\n", sum }' "$1"
}

logs_unchanged() {
    (cd "$STORE" && cksum ./*.log)
}

@test "all dead bytes are gone, all live pairs are there, and success says nothing" {
    store_with_garbage
    expect_status 0 bitask compact
    expect_silence
    [[ $(log_bytes) == $(record_bytes before) ]]
    expect_status 0 bitask scan
    same_files "$OUT" before
    expect_status 0 bitask stat --json
    [[ $(json_field dead_bytes) == 0 ]]
    [[ $(json_field keys) == 1000 ]]
}

@test "removed keys are not back after compact, nor when all but the logs is deleted" {
    store_with_garbage
    bitask compact
    rm -f "$STORE/db.lock"
    expect_status 0 bitask scan
    same_files "$OUT" before
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" before
    expect_status 1 bitask get key000002
    bitask put after-compact v
    bitask rm after-compact
    expect_status 0 bitask scan
    same_files "$OUT" before
}

@test "a second compaction finds nothing to do" {
    store_with_garbage
    bitask compact
    size=$(log_bytes)
    expect_status 0 bitask compact
    expect_silence
    [[ $(log_bytes) == "$size" ]]
    expect_status 0 bitask scan
    same_files "$OUT" before
}

@test "puts and removes between compactions are kept" {
    for round in 1 2 3 4; do
        pairs 1 300 "round$round" | bitask load --max-log-size 2K
        bitask rm "key00000$round"
        bitask compact
        pairs 1 300 "round$round" | grep -v "key00000$round" >expected
        expect_status 0 bitask scan
        same_files "$OUT" expected
    done
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" expected
}

@test "a store whose keys were all removed has no log bytes left" {
    pairs 1 500 | bitask load --max-log-size 4K
    bitask scan --keys | bitask rm --stdin
    expect_status 0 bitask compact
    expect_silence
    [[ $(log_bytes) == 0 ]]
    expect_status 0 bitask scan
    expect_silence
    expect_status 0 bitask put k v
    expect_status 0 bitask get k
    expect_output v
}

@test "no temporary file is left, and those of a killed compaction are cleared away" {
    store_with_garbage
    touch "$STORE/1795411766345.1.tmp"
    bitask compact
    [[ -z $(find "$STORE" -name '*.tmp') ]]
    for file in "$STORE"/*; do
        [[ ${file##*/} == db.lock || ${file##*/} =~ ^[0-9]+\. ]] || fail "unexpected name: $file"
    done
}

@test "values of any bytes survive" {
    all_bytes >value
    bitask put all <value
    printf '\\0\\n\t\\0\n' | bitask load
    bitask put gone x
    bitask rm gone
    content >before
    bitask compact
    expect_status 0 bitask scan
    same_files "$OUT" before
}

@test "--dry-run says which logs it would rewrite, and changes none" {
    store_with_garbage
    before=$(logs_unchanged)
    expect_status 0 bitask compact --dry-run
    expect_stderr ''
    sealed_logs | while read -r log; do
        [[ $(grep -cF "${log##*/}" "$OUT") == 1 ]] || fail "not one line names $log"
    done
    [[ $(logs_unchanged) == "$before" ]]
    [[ -z $(find "$STORE" -name '*.tmp') ]]
}

@test "--json tells what was done, and agrees with the files" {
    store_with_garbage
    before=$(log_bytes)
    expect_status 0 bitask compact --json
    expect_stderr ''
    [[ $(wc -l <"$OUT") == 1 && $(head -c 1 "$OUT") == '{' ]]
    [[ $(json_field bytes_before) == "$before" ]]
    [[ $(json_field bytes_after) == $(log_bytes) ]]
    [[ $(json_field dry_run) == false ]]
    (($(json_field logs_read) > 1))
    (($(json_field logs_removed) > 1))
    (($(json_field logs_written) >= 1))
    (($(json_field logs_kept) >= 0))
    [[ $(json_field seconds) =~ ^[0-9]+(\.[0-9]+)?(e-[0-9]+)?$ ]]
}

@test "--json --dry-run tells what would be done" {
    store_with_garbage
    before=$(logs_unchanged)
    size=$(log_bytes)
    expect_status 0 bitask compact --json --dry-run
    [[ $(json_field dry_run) == true ]]
    [[ $(json_field bytes_before) == "$size" ]]
    planned=$(json_field bytes_after)
    ((planned < size))
    [[ $(logs_unchanged) == "$before" ]]
    bitask compact
    [[ $(log_bytes) == "$planned" ]]
}

@test "-v tells on standard error what was done" {
    store_with_garbage
    expect_status 0 bitask -v compact
    expect_output ''
    grep -q '^bitask: compact: ' "$ERR"
}

@test "--min-garbage leaves logs with less garbage as they are" {
    pairs 1 400 old | bitask load --max-log-size 4K       # all garbage in the end
    sealed_logs >dirty
    pairs 1001 1400 good | bitask load --max-log-size 4K  # all live
    pairs 1 400 new | bitask load --max-log-size 4K
    sealed_logs | grep -vxFf dirty >clean
    content >before
    xargs cksum <clean | sort >clean-sums
    expect_status 0 bitask compact --min-garbage 60 --json
    (($(json_field logs_kept) >= 1))
    while read -r log; do
        [[ ! -e $log ]] || fail "a log of garbage was left: $log"
    done < <(head -n -1 dirty)
    # The first of the clean logs shares its bytes with the last of the old load.
    tail -n +2 clean | while read -r log; do
        grep -qF "$(cksum "$log")" clean-sums || fail "a clean log was touched: $log"
    done
    expect_status 0 bitask scan
    same_files "$OUT" before
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" before
}

@test "a tombstone stays while an older put of its key is in a log that is kept" {
    # The first log keeps gone's old value among live ones; the tombstone's log is all garbage.
    { pairs 1 200; printf 'gone\told\n'; } | bitask load --max-log-size 1M
    bitask put --max-log-size 1K filler x
    bitask rm gone
    pairs 1001 1200 | bitask load --max-log-size 1K
    pairs 1001 1200 again | bitask load --max-log-size 1K
    content >before
    for percent in 50 10 90 1; do
        bitask compact --min-garbage $percent
        expect_status 1 bitask get gone
        cp -r "$STORE" copy
        keep_only_logs copy
        expect_status 1 bitask --db copy get gone
        rm -r copy
    done
    expect_status 0 bitask scan
    same_files "$OUT" before
}

@test "--if-garbage decides by the whole store's share of garbage" {
    pairs 1 400 | bitask load --max-log-size 4K
    pairs 1 40 again | bitask load --max-log-size 4K
    content >before
    logs=$(logs_unchanged)
    expect_status 0 bitask compact --if-garbage 50
    expect_silence
    [[ $(logs_unchanged) == "$logs" ]]
    expect_status 0 bitask compact --if-garbage=1
    expect_silence
    [[ $(log_bytes) == $(record_bytes before) ]]
    expect_status 0 bitask scan
    same_files "$OUT" before
}

@test "percentages are numbers from 0 to 100" {
    store_with_garbage
    before=$(logs_unchanged)
    for option in --min-garbage --if-garbage; do
        for percent in -1 101 x '' nan 5x; do
            expect_status 2 bitask compact "$option=$percent"
            expect_refusal
        done
    done
    [[ $(logs_unchanged) == "$before" ]]
    expect_status 0 bitask compact --min-garbage 100 --if-garbage 100
    expect_silence
    expect_status 0 bitask compact --min-garbage 0 --if-garbage 0
    expect_silence
    [[ $(log_bytes) == $(record_bytes before) ]]
}

@test "a stray argument is wrong usage" {
    bitask put k v
    expect_status 2 bitask compact stray
    expect_refusal
}

@test "compaction of a store with a hundred thousand dead records" {
    pairs 1 100000 one | bitask load
    pairs 1 100000 two >expected
    bitask load expected
    expect_status 0 bitask compact
    expect_silence
    [[ $(log_bytes) == $(record_bytes expected) ]]
    expect_status 0 bitask scan
    same_files "$OUT" expected
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" expected
}

# Half of what the first logs hold is garbage.
half_garbage() {
    pairs 1 40000 one | bitask load --max-log-size 128K --no-sync
    pairs 1 40000 two | awk 'NR % 2 == 0' | bitask load --max-log-size 128K --no-sync
}

# Starts a compaction that is still at work when the test goes on.
slow_compaction() {
    half_garbage
    "$BITASK" compact --rate 0.05 --max-log-size 128K 2>compaction-stderr 3>&- &
    eventually compgen -G "$STORE/*.tmp" >/dev/null
}

@test "puts, gets and removals go on while a store is compacted" {
    slow_compaction
    for i in $(seq 1 25); do
        expect_status 0 bitask put --wait 0.5 "new$i" "value$i"
        expect_status 0 bitask put --wait 0.5 "key00000$((i % 10))" "changed$i"
        expect_status 0 bitask rm --wait 0.5 "key0001$((i + 10))"
        expect_status 0 bitask get "new$i"
        expect_output "value$i"
    done
    kill -0 $! || fail 'the compaction was over too soon'
    expect_status 0 bitask verify
    kill -TERM $!
    wait $! || true
    expect_status 0 bitask verify
    expect_status 0 bitask compact
    expect_status 0 bitask scan --prefix new --count
    expect_output $'25\n'
    for i in $(seq 1 25); do
        expect_status 1 bitask get "key0001$((i + 10))"
    done
    expect_status 0 bitask get key000005
    expect_output changed25
    expect_status 0 bitask get key000040
    expect_output two-000040
    expect_status 0 bitask get key000041
    expect_output one-000041
    expect_status 0 bitask scan --count
    count=$(<"$OUT")
    keep_only_logs "$STORE"
    expect_status 0 bitask scan --count
    expect_output "$count"$'\n'
}

@test "a second compaction is told that another is at work, status 3" {
    slow_compaction
    expect_status 3 bitask compact --wait 0
    expect_refusal 'compacts the store' "process $!"
    kill -TERM $!
    wait $! || true
}

@test "SIGTERM and SIGINT end a compaction in order: what is done counts" {
    for signal in TERM:143 INT:130; do
        rm -rf "$STORE"
        half_garbage
        before=$(log_bytes)
        # A shell lets its background commands pass over SIGINT: this one must not.
        env --default-signal=INT "$BITASK" compact --rate 1 --max-log-size 128K \
            --json >report 3>&- &
        sleep 0.6
        kill -"${signal%:*}" $!
        status=0
        wait $! || status=$?
        [[ $status == "${signal#*:}" ]] || fail "status $status after ${signal%:*}"
        grep -q '"stopped":true' report
        (($(log_bytes) < before)) || fail 'nothing was reclaimed'
        [[ -z $(find "$STORE" -name '*.tmp') ]] || fail 'left something over'
        expect_status 0 bitask verify
        expect_status 0 bitask scan --count
        expect_output $'40000\n'
    done
}

@test "a killed compaction is cleaned up after by the next one" {
    slow_compaction
    kill -9 $!
    wait $! || true
    compgen -G "$STORE/*.tmp" >/dev/null
    expect_status 0 bitask put new value
    expect_status 0 bitask compact
    [[ -z $(find "$STORE" -name '*.tmp') ]]
    expect_status 0 bitask scan --count
    expect_output $'40001\n'
}

@test "without options a log with little garbage is left as it is" {
    pairs 1 1000 | bitask load --max-log-size 1M
    pairs 1 100 new | bitask load
    expect_status 0 bitask compact --dry-run
    expect_output ''
    expect_status 0 bitask compact --min-garbage 0 --json
    expect_status 0 bitask stat --json
    [[ $(json_field dead_bytes) == 0 ]]
}

@test "a compaction reads and writes what the garbage costs, not the store" {
    ! sanitized || skip 'sanitizers make system calls of their own'
    strace -o probe true 2>/dev/null || skip 'strace does not work here'
    pairs 1 100000 "$(printf '%080d' 0)" | bitask load --max-log-size 512K
    pairs 1 4000 new | bitask load --max-log-size 512K  # most of the first log
    expect_status 0 strace -f -y -qq -e trace=pread64,pwrite64 -o trace \
        "$BITASK" compact --max-log-size 512K
    moved=$(awk '/= [0-9]+$/ { sum += $NF } END { print sum }' trace)
    logs=$(log_bytes)
    ((moved < logs / 2)) || fail "$moved bytes moved, of $logs in all logs"
}
