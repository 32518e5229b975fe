#!/usr/bin/env bats

load helpers

# offsets_in SIZE COUNT: so many offsets, scattered by a fixed rule over a file of that size.
offsets_in() {
    awk -v size="$1" -v count="$2" 'BEGIN {
        for (i = 1; i <= count; i++) {
            turn = i * 0.6180339887
            print int((turn - int(turn)) * size)
        }
    }'
}

# expect_never_wrong EXPECTED MAX_MISSING: a scan shows nothing that is not true, misses at most so
# many pairs, and does not end with status 0 if it misses any.
expect_never_wrong() {
    local status=0 missing
    bitask scan >"$OUT" 2>"$ERR" || status=$?
    [[ $status == 0 || $status == 4 ]] || fail "status $status: $(<"$ERR")" || return
    [[ -z $(comm -13 "$1" "$OUT") ]] ||
        fail 'wrong pairs:' "$(comm -13 "$1" "$OUT" | head -n 3)" || return
    missing=$(comm -23 "$1" "$OUT" | wc -l)
    ((missing <= $2)) || fail "$missing pairs are missing" || return
    ((missing == 0 || status == 4)) || fail "$missing pairs are missing, status 0"
}

@test "a flipped bit in a value: status 4 with log and offset, nothing printed, others readable" {
    allow_damage
    pairs 1 3 | bitask load
    log=$(active_log)
    flip "$log" $((41 + 20 + 9 + 5)) 4
    expect_status 4 bitask get key000002
    expect_refusal "${log##*/}: offset 41: "
    expect_status 0 bitask get key000001
    expect_output value-000001
    expect_status 0 bitask get key000003
    expect_output value-000003
    expect_status 4 bitask get key000001 key000002 key000003 absent
    expect_output $'key000001\tvalue-000001\nkey000003\tvalue-000003\n'
}

@test "scan prints what can be read, names what cannot, and ends with status 4" {
    allow_damage
    pairs 1 5 >data
    bitask load data
    log=$(active_log)
    flip "$log" $((41 + 35)) 1
    flip "$log" $((41 * 3 + 35)) 1
    for options in '' --reverse '--from key000001'; do
        # shellcheck disable=SC2086  # words
        expect_status 4 bitask scan $options
        [[ $(sort "$OUT") == "$(sed -n '1p;3p;5p' data)" ]]
        grep -qF "${log##*/}: offset 41: " "$ERR"
        grep -qF "${log##*/}: offset 123: " "$ERR"
    done
}

@test "a damaged newest record does not bring the older value back" {
    allow_damage
    bitask put k old
    bitask put k new
    bitask put other v
    flip "$(active_log)" $((24 + 22)) 1
    expect_status 4 bitask get k
    expect_refusal 'offset 24: '
    expect_status 4 bitask scan
    expect_output $'other\tv\n'
}

@test "a key that may have been in a lost record is not called absent" {
    allow_damage
    pairs 1 3 | bitask load
    flip "$(active_log)" $((41 + 20 + 3)) 1    # in the second record's key
    expect_status 4 bitask get key000002
    expect_output ''
    expect_status 0 bitask get key000003
}

@test "a bit flipped anywhere in a log: each key gives its value or status 4" {
    allow_damage
    printf 'k1\tone\nk2\ttwo\nk3\tthree\nlast\tlast\n' | bitask load
    keep_only_logs "$STORE"
    log=$(active_log)
    size=$((25 + 25 + 27))    # up to the last record, whose damage looks like a torn tail
    for ((offset = 0; offset < size; offset++)); do
        # A clock's bits are in no checksum; with one record a key they change no answer.
        flip "$log" $offset $((1 << offset % 8))
        for pair in k1:one k2:two k3:three; do
            status=0
            bitask get "${pair%:*}" >"$OUT" 2>"$ERR" || status=$?
            [[ $status == 0 || $status == 4 ]] || fail "offset $offset: status $status, $pair"
            [[ $status == 4 && ! -s $OUT || $(<"$OUT") == "${pair#*:}" ]] ||
                fail "offset $offset: wrong value of $pair"
        done
        flip "$log" $offset $((1 << offset % 8))
    done
    expect_status 0 bitask verify
}

@test "a bit flipped anywhere in the last record: never a wrong value" {
    allow_damage
    printf 'k1\tone\nk2\ttwo\n' | bitask load
    log=$(active_log)
    cp -r "$STORE" whole
    for state in closed bare; do
        for ((offset = 25; offset < 50; offset++)); do
            flip "$log" $offset $((1 << offset % 8))
            expect_status 0 bitask get k1
            expect_output one
            status=0
            bitask get k2 >"$OUT" 2>"$ERR" || status=$?
            [[ $status != 0 && ! -s $OUT || $(<"$OUT") == two ]] || fail "offset $offset: $status"
            flip "$log" $offset $((1 << offset % 8))
        done
        [[ $state == bare ]] || keep_only_logs "$STORE"
    done
}

@test "bits flipped in large logs after a compaction: at most two pairs are lost, and said to be" {
    allow_damage
    pairs 1 20000 >data
    bitask load --max-log-size 256K data
    bitask compact
    pairs 20001 21000 | tee -a data | bitask load
    for log in "$STORE"/*.log; do
        for offset in $(offsets_in "$(stat -c %s "$log")" 12); do
            flip "$log" "$offset" 8
            # Two when the damaged key now spells another one, whose newest record it may be.
            expect_never_wrong data 2 || fail "${log##*/}, offset $offset"
            flip "$log" "$offset" 8
        done
    done
    expect_status 0 bitask scan
    same_files "$OUT" data
}

@test "bits flipped in large logs alone: at most two pairs are lost, and said to be" {
    allow_damage
    pairs 1 10000 >data
    bitask load --max-log-size 128K data
    bitask put zzz last
    printf 'zzz\tlast\n' >>data
    keep_only_logs "$STORE"
    for log in "$STORE"/*.log; do
        for offset in $(offsets_in "$(($(stat -c %s "$log") - 30))" 10); do
            flip "$log" "$offset" 2
            expect_never_wrong data 2 || fail "${log##*/}, offset $offset"
            flip "$log" "$offset" 2
        done
    done
}

@test "zeroed and overwritten stretches of a log are damage, and the rest stays readable" {
    allow_damage
    pairs 1 3000 >data
    bitask load data
    log=$(active_log)
    cp "$log" good
    for source in /dev/zero /bin/sh; do
        dd if=$source of="$log" bs=1 seek=41000 count=4096 conv=notrunc status=none
        expect_never_wrong data 102
        expect_status 4 bitask verify
        cp good "$log"
    done
}

@test "damaged or cut hints and manifests never give a wrong answer, and deleting them heals" {
    pairs 1 30000 >data
    bitask load --max-log-size 256K data
    bitask compact
    expect_hints
    mv "$STORE" original
    find original -type f ! -name '*.log' ! -name db.lock -printf '%f\n' >derived
    [[ -s derived ]]
    while read -r file; do
        size=$(stat -c %s "original/$file")
        for damage in $(offsets_in "$size" 12) empty half; do
            rm -rf "$STORE"
            cp -r original "$STORE"
            case $damage in
                empty) : >"$STORE/$file" ;;
                half) truncate -s $((size / 2)) "$STORE/$file" ;;
                *) flip "$STORE/$file" "$damage" 32 ;;
            esac
            expect_never_wrong data 30000 || fail "$file: $damage"
            status=0
            bitask get key012345 >"$OUT" 2>"$ERR" || status=$?
            [[ $status == 0 && $(<"$OUT") == value-012345 || $status == 4 ]] ||
                fail "$file: $damage: get $status"
        done
        keep_only_logs "$STORE"
        expect_status 0 bitask scan
        same_files "$OUT" data
    done <derived
}

@test "a put beside damage is kept, and cuts nothing off" {
    allow_damage
    pairs 1 4 | bitask load
    log=$(active_log)
    flip "$log" $((41 + 35)) 1
    size=$(stat -c %s "$log")
    status=0
    bitask put new v >"$OUT" 2>"$ERR" || status=$?
    [[ $status == 0 || $status == 4 ]]
    (($(stat -c %s "$log") >= size))
    for key in key000001 key000003 key000004; do
        expect_status 0 bitask get $key
        expect_output "value-${key#key}"
    done
    [[ $status == 4 ]] || { expect_status 0 bitask get new && expect_output v; }
    expect_status 4 bitask get key000002
}

@test "lengths that claim more than the log holds do not make the next writer cut records off" {
    allow_damage
    pairs 1 4 | bitask load
    log=$(active_log)
    flip "$log" $((41 + 19)) 64    # the second record's value now claims a gigabyte
    size=$(stat -c %s "$log")
    bitask put new v >"$OUT" 2>"$ERR" || true
    (($(stat -c %s "$log") >= size)) || fail "records were cut off: $(<"$ERR")"
    for key in key000001 key000003 key000004; do
        expect_status 0 bitask get $key
        expect_output "value-${key#key}"
    done
}

@test "damage heals when its key is put again" {
    pairs 1 3 | bitask load
    flip "$(active_log)" $((41 + 35)) 1
    allow_damage
    bitask put key000002 again 2>/dev/null
    expect_status 0 bitask get key000002
    expect_output again
}

@test "compaction keeps a damaged log as it is, says so with status 4, and does the others" {
    allow_damage
    pairs 1 600 one | bitask load --max-log-size 4K
    pairs 1 600 two >data
    bitask load --max-log-size 4K data
    damaged=$(sealed_logs | tail -n 2 | head -n 1)
    flip "$damaged" 35 1
    sum=$(cksum "$damaged")
    status=0
    bitask scan >readable 2>/dev/null || status=$?
    [[ $status == 4 ]]
    before=$(log_bytes)
    expect_status 4 bitask compact
    grep -qF "${damaged##*/}: offset 0: " "$ERR"
    [[ $(cksum "$damaged") == "$sum" ]]
    (($(log_bytes) < before))
    expect_never_wrong data 1
    keep_only_logs "$STORE"
    expect_never_wrong data 1
}

@test "a torn tail, cut at any length: the rest is read, the next put cuts it off and says so" {
    pairs 1 2 | bitask load
    size=$(stat -c %s "$(active_log)")
    bitask put --no-sync torn value    # the note must not say that it is on disk
    whole=$(stat -c %s "$(active_log)")
    mv "$STORE" original
    for ((length = size + 1; length < whole; length++)); do
        rm -rf "$STORE"
        cp -r original "$STORE"
        log=$(active_log)
        truncate -s "$length" "$log"
        expect_status 0 bitask get key000002
        expect_output value-000002
        expect_stderr ''
        expect_status 1 bitask get torn
        expect_status 0 bitask verify
        expect_output ''
        expect_status 0 bitask put next v
        expect_output ''
        expect_message "${log##*/}"
        expect_status 0 bitask scan
        expect_output $'key000001\tvalue-000001\nkey000002\tvalue-000002\nnext\tv\n'
        expect_stderr ''
        [[ $(stat -c %s "$log") == $((size + 25)) ]]
        expect_status 0 bitask put next w
        expect_silence
    done
}

@test "an end that was synced and is gone: readers and writers go on, verify tells" {
    allow_damage
    pairs 1 2 | bitask load
    log=$(active_log)
    truncate -s -3 "$log"
    expect_status 0 bitask get key000001
    expect_status 4 bitask verify
    expect_output "${log##*/}: offset 79: the log's end is missing (3 bytes that were synced)"$'\n'
}

@test "part of a record after the last one, at any length, is a torn tail too" {
    pairs 1 2 | bitask load
    log=$(active_log)
    size=$(stat -c %s "$log")
    head -c $((size / 2)) "$log" >record
    cp -r "$STORE" original
    for ((length = 1; length < size / 2; length += 3)); do
        for state in closed bare; do
            rm -rf "$STORE"
            cp -r original "$STORE"
            head -c $length record >>"$log"
            [[ $state == closed ]] || keep_only_logs "$STORE"
            expect_status 0 bitask scan
            expect_output $'key000001\tvalue-000001\nkey000002\tvalue-000002\n'
            expect_stderr ''
            expect_status 0 bitask rm key000001
            expect_message "${log##*/}"
            [[ $(stat -c %s "$log") == $((size + 29)) ]]
            expect_status 0 bitask scan
            expect_output $'key000002\tvalue-000002\n'
        done
    done
}

@test "-q cuts a torn tail off without a word" {
    bitask put k v
    printf torn >>"$(active_log)"
    expect_status 0 bitask -q put k w
    expect_silence
    expect_status 0 bitask get k
    expect_output w
}

@test "a sealed log that lacks its end is damage, and is not cut back" {
    allow_damage
    pairs 1 600 >data
    bitask load --max-log-size 4K data
    log=$(sealed_logs | head -n 1)
    truncate -s -7 "$log"
    size=$(stat -c %s "$log")
    for state in closed bare; do
        expect_never_wrong data 1
        expect_status 4 bitask scan
        expect_status 4 bitask verify
        expect_status 0 bitask get key000600
        bitask put next v 2>/dev/null || true
        [[ $(stat -c %s "$log") == "$size" ]]
        [[ $state == bare ]] || keep_only_logs "$STORE"
        grep -q next <(content 2>/dev/null) && printf 'next\tv\n' | sort -m - data -o data -u
    done
}
