#!/usr/bin/env bats

load helpers

# Stores that the reference program, version 0.1.1, wrote, each with its content as hexadecimal
# key TAB value, sorted by key.
golden=${BATS_TEST_DIRNAME}/../golden/reference-0.1.1
stores=(single-log rotated-logs compacted)

# use NAME: a copy of that store, and what it must hold in the default format in `expected`.
use() {
    rm -rf "$STORE"
    mkdir "$STORE"
    cp "$golden/$1/store/"*.log "$STORE"
    as_tsv "$golden/$1/expected.tsv" >expected
}

# as_tsv FILE: hexadecimal key TAB value as the tool prints it.
as_tsv() {
    awk '
        BEGIN {
            for (i = 0; i < 256; i++) {
                form = i < 32 || i == 127 ? "\\x%02x" : "%c"
                shown[sprintf("%02x", i)] = sprintf(form, i)
            }
            shown["00"] = "\\0"; shown["09"] = "\\t"; shown["0a"] = "\\n"; shown["0d"] = "\\r"
            shown["5c"] = "\\\\"
        }
        function bytes(hex,    i, text) {
            text = ""
            for (i = 1; i < length(hex); i += 2) text = text shown[substr(hex, i, 2)]
            return text
        }
        { print bytes($1) "\t" bytes($2) }
    ' "$1"
}

expect_expected() {
    expect_status 0 bitask scan
    same_files "$OUT" expected
    expect_stderr ''
}

# The logs that the reference wrote are as they were: only the active one may have grown.
expect_logs_kept() {
    local file
    for file in "$golden/$1/store/"*.log; do
        cmp -n "$(stat -c %s "$file")" "$file" "$STORE/${file##*/}" >&2 || return
    done
}

@test "scan shows exactly the expected pairs, and changes nothing" {
    for name in "${stores[@]}"; do
        use "$name"
        before=$(snapshot "$STORE")
        expect_expected
        expect_status 0 bitask scan --count
        expect_output "$(wc -l <expected)"$'\n'
        tac expected >backwards
        expect_status 0 bitask scan --reverse
        same_files "$OUT" backwards
        [[ $(snapshot "$STORE") == "$before" ]]
    done
}

@test "get finds every key" {
    for name in "${stores[@]}"; do
        use "$name"
        cut -f 1 "$golden/$name/expected.tsv" | hex_to_escapes |
            expect_status 0 bitask get --stdin
        same_files "$OUT" expected
    done
}

@test "get of one key gives the value's bytes" {
    for name in "${stores[@]}"; do
        use "$name"
        while IFS=$'\t' read -r key value; do
            [[ ! $key =~ ^(..)*00 ]] || continue    # no argument holds a NUL
            printf -v argument '%b' "$(hex_to_escapes <<<"$key")"
            expect_status 0 bitask get -- "$argument"
            [[ $(hex_of "$OUT") == "$value" ]] || fail "$name: wrong value of $key"
        done <"$golden/$name/expected.tsv"
    done
}

@test "the expected pairs, loaded into a new store, make the same content" {
    for name in "${stores[@]}"; do
        use "$name"
        rm -rf other
        hex_to_escapes <"$golden/$name/expected.tsv" | expect_status 0 bitask --db other load
        expect_status 0 bitask --db other scan
        same_files "$OUT" expected
    done
}

@test "verify finds nothing wrong" {
    for name in "${stores[@]}"; do
        use "$name"
        expect_status 0 bitask verify
        expect_silence
    done
}

@test "stat counts the keys, and the bytes of the logs" {
    for name in "${stores[@]}"; do
        use "$name"
        live=$(awk '{ sum += 20 + length($1) / 2 + length($2) / 2 } END { print sum }' \
            "$golden/$name/expected.tsv")
        expect_status 0 bitask stat --json
        [[ $(json_field keys) == $(wc -l <expected) ]]
        [[ $(json_field live_bytes) == "$live" ]]
        [[ $(json_field dead_bytes) == $(($(log_bytes) - live)) ]]
        [[ $(json_field logs) == $(find "$STORE" -name '*.log' | wc -l) ]]
    done
}

@test "put, overwrite and rm change what they should and nothing else" {
    for name in "${stores[@]}"; do
        use "$name"
        victim=$(sed -n 5p expected | cut -f 1)
        expect_status 0 bitask put '~new' v
        expect_logs_kept "$name"
        printf '~new\tv\n' | sort -o expected - expected
        expect_expected
        printf '%s\tother\n' "$victim" | expect_status 0 bitask load
        awk -F '\t' -v OFS='\t' 'NR == 5 { $2 = "other" } { print $1, $2 }' expected >changed
        mv changed expected
        expect_expected
        printf '%s\n' "$victim" | expect_status 0 bitask rm --stdin
        sed -i 5d expected
        expect_expected
        expect_logs_kept "$name"
        keep_only_logs "$STORE"
        expect_expected
    done
}

@test "compact keeps every pair, and drops every dead byte" {
    for name in "${stores[@]}"; do
        use "$name"
        live=$(awk '{ sum += 20 + length($1) / 2 + length($2) / 2 } END { print sum }' \
            "$golden/$name/expected.tsv")
        expect_status 0 bitask compact --min-garbage 0
        expect_silence
        expect_expected
        [[ $(log_bytes) == "$live" ]]
        keep_only_logs "$STORE"
        expect_expected
        expect_status 0 bitask put '~new' v
        expect_status 0 bitask rm '~new'
        expect_status 0 bitask compact
        expect_expected
    done
}

@test "put, rm and compact in turn, with everything but the logs deleted in between" {
    for name in "${stores[@]}"; do
        use "$name"
        for round in 1 2 3; do
            bitask put --max-log-size 1K '~round' "$round"
            keep_only_logs "$STORE"
            expect_status 0 bitask get '~round'
            expect_output "$round"
            bitask rm '~round'
            keep_only_logs "$STORE"
            expect_expected
            bitask compact --min-garbage $((30 * round - 30))
            keep_only_logs "$STORE"
            expect_expected
        done
    done
}

@test "a torn tail of the reference's active log is passed over and cut off by the next put" {
    use rotated-logs
    log=$(active_log)
    size=$(stat -c %s "$log")
    head -c 15 "$STORE/1795411766010.log" >>"$log"
    expect_expected
    expect_status 0 bitask put '~new' v
    expect_message "${log##*/}"
    [[ $(stat -c %s "$log") == $((size + 25)) ]]
}
