#!/usr/bin/env bats

load helpers

letters() {
    printf '%s\n' b/1 a c b/2 b b/3 | awk '{ print $1 "\tv-" $1 }' | bitask load
}

expect_keys() {
    expect_output "$(printf '%s\n' "$@")"$'\n'
}

@test "pairs come sorted by key" {
    letters
    expect_status 0 bitask scan
    expect_output $'a\tv-a\nb\tv-b\nb/1\tv-b/1\nb/2\tv-b/2\nb/3\tv-b/3\nc\tv-c\n'
    expect_stderr ''
}

@test "keys sort by their bytes, as unsigned numbers, a prefix before its extensions" {
    printf '%s\tv\n' '\xff' '\x80' 'z' 'a' 'a\0' 'aa' 'A' '\0' '\x7f' 'é' | bitask load
    expect_status 0 bitask scan --keys
    expect_output '\0'$'\nA\na\na\\0\naa\nz\n\\x7f\n\x80\n\xc3\xa9\n\xff\n'
}

@test "a store whose keys were all removed prints nothing" {
    bitask put k v
    bitask rm k
    expect_status 0 bitask scan
    expect_silence
    expect_status 0 bitask scan --count
    expect_output $'0\n'
}

@test "--prefix" {
    letters
    expect_status 0 bitask scan --keys --prefix b
    expect_keys b b/1 b/2 b/3
    expect_status 0 bitask scan --keys --prefix=b/
    expect_keys b/1 b/2 b/3
    expect_status 0 bitask scan --keys --prefix b/22
    expect_silence
}

@test "--prefix of bytes 0xff, which has no upper neighbour" {
    printf '%s\tv\n' '\xfe' '\xff' '\xff\xff' '\xff\xffa' '\xffa' | bitask load
    expect_status 0 bitask scan --keys --prefix $'\xff\xff'
    expect_keys $'\xff\xff' $'\xff\xffa'
    expect_status 0 bitask scan --keys --reverse --prefix $'\xff'
    expect_keys $'\xff\xffa' $'\xff\xff' $'\xffa' $'\xff'
}

@test "--from is included, --to is not, and neither need exist" {
    letters
    expect_status 0 bitask scan --keys --from b/1 --to b/3
    expect_keys b/1 b/2
    expect_status 0 bitask scan --keys --from b/
    expect_keys b/1 b/2 b/3 c
    expect_status 0 bitask scan --keys --to b/0
    expect_keys a b
    expect_status 0 bitask scan --keys --from b --to b
    expect_silence
    expect_status 0 bitask scan --keys --from c --to a
    expect_silence
    expect_status 0 bitask scan --keys --from d
    expect_silence
}

@test "bounds combine: the narrowest holds" {
    letters
    expect_status 0 bitask scan --keys --prefix b --from b/2
    expect_keys b/2 b/3
    expect_status 0 bitask scan --keys --prefix b --to b/2
    expect_keys b b/1
    expect_status 0 bitask scan --keys --prefix b/ --from a --to z
    expect_keys b/1 b/2 b/3
    expect_status 0 bitask scan --keys --prefix b --from c
    expect_silence
    expect_status 0 bitask scan --keys --prefix b/ --from b/2 --to b/9 --reverse --limit 1
    expect_keys b/3
}

@test "--limit" {
    letters
    expect_status 0 bitask scan --keys --limit 2
    expect_keys a b
    expect_status 0 bitask scan --keys --limit 100
    expect_keys a b b/1 b/2 b/3 c
    expect_status 0 bitask scan --limit 0
    expect_silence
}

@test "--reverse gives the last first, and --limit then counts from the end" {
    letters
    expect_status 0 bitask scan --keys --reverse
    expect_keys c b/3 b/2 b/1 b a
    expect_status 0 bitask scan --reverse --limit 2
    expect_output $'c\tv-c\nb/3\tv-b/3\n'
    expect_status 0 bitask scan --keys --reverse --from b --to b/3
    expect_keys b/2 b/1 b
}

@test "--count prints the number alone, within the bounds" {
    letters
    expect_status 0 bitask scan --count
    expect_output $'6\n'
    expect_stderr ''
    expect_status 0 bitask scan --count --prefix b/
    expect_output $'3\n'
    expect_status 0 bitask scan --count --from b/2 --to c
    expect_output $'2\n'
    expect_status 0 bitask scan --count --limit 4
    expect_output $'4\n'
    expect_status 0 bitask scan --count --limit 0
    expect_output $'0\n'
    expect_status 0 bitask scan --count --reverse --prefix nothing
    expect_output $'0\n'
}

@test "bounds may be any bytes an argument can hold" {
    printf '%s\tv\n' 'a\tb' 'a\nb' 'é1' 'é2' '--x' | bitask load
    expect_status 0 bitask scan --keys --prefix $'a\n'
    expect_keys 'a\nb'
    expect_status 0 bitask scan --keys --from $'\xc3\xa92'
    expect_keys $'\xc3\xa92'
    expect_status 0 bitask scan --keys --prefix=--
    expect_keys --x
}

@test "--keys in each format" {
    printf 'a\\tb\tv\nc\tx\\0y\n' | bitask load
    expect_status 0 bitask scan --keys --format tsv
    expect_output $'a\\tb\nc\n'
    expect_status 0 bitask scan --keys --format json
    expect_output $'{"key":"a\\tb"}\n{"key":"c"}\n'
    expect_status 0 bitask scan --keys --format null
    expect_output_bytes 'a\tb\x00c\x00'
}

@test "tsv escapes what would break a line, and leaves the bytes from 0x80 on as they are" {
    all_bytes | bitask put k
    all_bytes | tail -c 128 >upper
    # shellcheck disable=SC1003  # the backslash byte, escaped
    {
        printf 'k\t'
        printf '%s' '\0\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f'
        printf '%s' '\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f'
        # shellcheck disable=SC2016
        printf '%s' ' !"#$%&'\''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`'
        printf '%s' 'abcdefghijklmnopqrstuvwxyz{|}~\x7f'
        cat upper
        printf '\n'
    } >expected
    expect_status 0 bitask scan
    same_bytes "$OUT" expected
}

@test "json: text goes as text, with the escapes of JSON" {
    printf '%s\t%s\n' 'quote"' 'back\\slash' 'é' '😀' 'nl\n' 'tab\t' | bitask load
    expect_status 0 bitask scan --format json
    expect_output '{"key":"nl\n","value":"tab\t"}
{"key":"quote\"","value":"back\\slash"}
{"key":"é","value":"😀"}
'
}

@test "json: bytes that are not UTF-8 go as base64, key and value each by themselves" {
    printf '%s\t%s\n' 'a' '\xff\xfe' '\xff' 'text' '\xfe' '\xfd' | bitask load
    expect_status 0 bitask scan --format json
    expect_output '{"key":"a","value_base64":"//4="}
{"key_base64":"/g==","value_base64":"/Q=="}
{"key_base64":"/w==","value":"text"}
'
}

@test "json: overlong forms, surrogates, cut sequences and numbers too high are not UTF-8" {
    for value in '\xc0\x80' '\xc1\xbf' '\xe0\x80\x80' '\xed\xa0\x80' '\xf0\x80\x80\x80' \
        '\xf4\x90\x80\x80' '\xf5\x80\x80\x80' '\xe2\x82' 'a\x80' '\xc3'; do
        printf 'k\t%s\n' "$value" | bitask load
        expect_status 0 bitask scan --format json
        grep -q '^{"key":"k","value_base64":"' "$OUT" || fail "taken for UTF-8: $value"
    done
}

@test "json output is valid UTF-8 whatever the store holds" {
    all_bytes | bitask put all
    for i in $(seq 128 255); do
        printf 'k%d\t\\x%02x\\x%02x\n' "$i" "$i" $((i ^ 64))
    done | bitask load
    expect_status 0 bitask scan --format json
    iconv -f UTF-8 -t UTF-8 "$OUT" >/dev/null
    [[ $(wc -l <"$OUT") == 129 ]]
}

@test "null: key NUL value NUL" {
    printf 'a\t1\nb\tx\\ny\n' | bitask load
    expect_status 0 bitask scan --format null
    expect_output_bytes 'a\x001\x00b\x00x\ny\x00'
}

@test "null: a pair that holds a NUL stops the scan with status 2, nothing of it is printed" {
    printf 'a\t1\nb\tx\\0y\nc\t3\n' | bitask load
    expect_status 2 bitask scan --format null
    expect_output_bytes 'a\x001\x00'
    expect_message '"b"'
    printf 'a\\0a\t1\n' | bitask load
    expect_status 2 bitask scan --format null --keys
    expect_output_bytes 'a\x00'
    expect_message '"a\0a"'
}

@test "a limit that is no number is wrong usage" {
    bitask put k v
    for limit in x -1 1x 1.5 '' 99999999999999999999; do
        expect_status 2 bitask scan "--limit=$limit"
        expect_refusal
    done
}

@test "an unknown format and a stray argument are wrong usage" {
    bitask put k v
    expect_status 2 bitask scan --format xml
    expect_refusal xml tsv json null
    expect_status 2 bitask scan stray
    expect_refusal
}

@test "many keys put in random order come out in order, forwards and backwards" {
    pairs 1 30000 >sorted
    sort --random-source=/dev/zero -R sorted | bitask load --max-log-size 256K
    expect_status 0 bitask scan
    same_files "$OUT" sorted
    tac sorted >reversed
    expect_status 0 bitask scan --reverse
    same_files "$OUT" reversed
    expect_status 0 bitask scan --from key012345 --to key012347
    expect_output $'key012345\tvalue-012345\nkey012346\tvalue-012346\n'
    expect_status 0 bitask scan --keys --prefix key00001 --limit 2 --reverse
    expect_keys key000019 key000018
    expect_status 0 bitask scan --count --prefix key02
    expect_output $'10000\n'
}

@test "--unordered prints every pair once, in some order" {
    letters
    bitask rm b/2
    bitask put a another
    bitask scan >sorted
    expect_status 0 bitask scan --unordered
    expect_stderr ''
    sort "$OUT" | cmp - sorted
}

@test "--unordered of a store that is larger than memory may be, in every form that load reads" {
    seq 40000 | awk '{ print "key" $1 * 7919 % 40009 "\tvalue" $1 }' | bitask load --no-sync
    seq 1 5 40000 | awk '{ print "key" $1 }' | bitask rm --stdin -f --no-sync
    bitask scan >sorted
    local form
    for form in tsv json null cdb dump dump-print; do
        bitask scan --unordered --format "$form" | bitask load --no-sync -d copy --format "$form"
        bitask scan -d copy | cmp - sorted
        rm -r copy
    done
}

@test "--unordered goes with a range, which is in order, and not with --reverse" {
    letters
    expect_status 0 bitask scan --unordered --prefix b/ --keys
    expect_keys b/1 b/2 b/3
    expect_status 0 bitask scan --unordered --from b --limit 2
    expect_output $'b\tv-b\nb/1\tv-b/1\n'
    expect_status 2 bitask scan --unordered --reverse
    expect_stderr 'bitask: scan: --reverse and --unordered exclude each other'$'\n'
}
