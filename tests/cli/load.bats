#!/usr/bin/env bats

load helpers

# refuses_line FORMAT LINE: the line is malformed; those before it are stored, those after it not.
refuses_line() {
    local good
    rm -rf "$STORE"
    case $1 in
        tsv) good=$'a\t1\nb\t2\n' ;;
        json) good=$'{"key":"a","value":"1"}\n{"key":"b","value":"2"}\n' ;;
    esac
    printf '%s%s\n%s' "$good" "$2" "${good//[ab]/z}" >bad-input
    expect_status 2 bitask load --format "$1" bad-input || fail "line: $2"
    expect_refusal 'load: bad-input:3: ' || fail "line: $2"
    expect_status 0 bitask scan
    expect_output $'a\t1\nb\t2\n' || fail "line: $2"
}

@test "pairs from standard input, without FILE or with -" {
    printf 'a\t1\nb\t2\n' | expect_status 0 bitask load
    expect_silence
    printf 'c\t3\n' | expect_status 0 bitask load -
    expect_silence
    expect_status 0 bitask scan
    expect_output $'a\t1\nb\t2\nc\t3\n'
}

@test "several files are taken in order, standard input among them" {
    printf 'a\tfirst\nb\tfirst\nc\tfirst\n' >first
    printf 'c\tlast\n' >last
    printf 'b\tstdin\nc\tstdin\n' | expect_status 0 bitask load first - last
    expect_silence
    expect_status 0 bitask scan
    expect_output $'a\tfirst\nb\tstdin\nc\tlast\n'
}

@test "nothing in, nothing stored, status 0" {
    bitask put k v
    expect_status 0 bitask load </dev/null
    expect_silence
    : >empty
    expect_status 0 bitask load empty empty
    expect_silence
    expect_status 0 bitask load --format json empty
    expect_status 0 bitask load --format null empty
    expect_status 0 bitask scan --count
    expect_output $'1\n'
}

@test "an absent file has status 5 and is named" {
    expect_status 5 bitask load absent
    expect_refusal absent 'No such file or directory'
}

@test "a key's last pair in the input wins" {
    for i in $(seq 1 200); do
        printf 'k\t%d\n' "$i"
    done | bitask load
    expect_status 0 bitask get k
    expect_output 200
    keep_only_logs "$STORE"
    expect_status 0 bitask get k
    expect_output 200
}

@test "what scan prints, load reads back exactly, for any bytes" {
    all_bytes >value
    bitask put all <value
    IFS= read -r -d '' key < <(tail -c 255 value) || true
    bitask put -- "$key" <value
    printf '\\0\\0\t\\0\n\\xff\t\\xc3\n\\\\x41\t\\\\n\n' | bitask load
    content >expected
    for format in tsv json; do
        bitask scan --format $format >dump
        rm -rf copy
        expect_status 0 bitask --db copy load --format $format dump
        expect_silence
        expect_status 0 bitask --db copy scan
        same_files "$OUT" expected
    done
}

@test "what scan prints as null, load reads back exactly, for any bytes but NUL" {
    all_bytes | tail -c 255 >value
    bitask put all <value
    IFS= read -r -d '' key <value || true
    bitask put -- "$key" v
    content >expected
    bitask scan --format null >dump
    expect_status 0 bitask --db copy load --format null dump
    expect_silence
    expect_status 0 bitask --db copy scan
    same_files "$OUT" expected
}

@test "tsv: the escapes" {
    # shellcheck disable=SC1003  # backslashes before a closing quote
    printf '%s\t%s\n' 'k\t\n\r\0\\' '\x41\x00\xff\x7a' | bitask load
    printf 'k\\t\\n\\r\\0\\\\\n' | expect_status 0 bitask get --stdin
    # shellcheck disable=SC1003
    expect_output 'k\t\n\r\0\\'$'\tA\\0\xffz\n'
}

@test "tsv: the first TAB separates, later ones belong to the value" {
    printf 'k\ta\tb\t\tc\t\n' | expect_status 0 bitask load
    expect_status 0 bitask get k
    expect_output $'a\tb\t\tc\t'
}

@test "tsv: a last line without its newline is taken, with a warning" {
    printf 'a\t1\nb\t2' | expect_status 0 bitask load
    expect_output ''
    expect_message 'standard input:2'
    expect_status 0 bitask scan
    expect_output $'a\t1\nb\t2\n'
    printf 'c\t3' | expect_status 0 bitask -q load
    expect_silence
}

@test "tsv: malformed lines stop the load with their number" {
    # shellcheck disable=SC1003  # a backslash at the end of the value
    for line in 'no tab' '' $'\tno key' $'no value\t' $'\t' $'k\tbad\\q' $'bad\\q\tv' $'k\t\\x4' \
        $'k\t\\x' $'k\t\\xg0' $'k\\\tv' $'k\tend\\'; do
        refuses_line tsv "$line"
    done
}

@test "the message for a malformed line tells how many pairs are stored" {
    pairs 1 4 >one
    { pairs 5 7; echo malformed; pairs 8 9; } >two
    expect_status 2 bitask load one two
    expect_refusal 'load: two:4: ' '; the 7 pairs before it are stored'$'\n'
    expect_status 0 bitask scan --count
    expect_output $'7\n'
    printf 'a\t1\nmalformed\n' | expect_status 2 bitask load
    expect_refusal 'standard input:2: ' '; the 1 pair before it is stored'$'\n'
    printf 'malformed\na\t1\n' | expect_status 2 bitask load
    expect_refusal 'standard input:1: ' '; no pair is stored'$'\n'
    : >empty
    expect_status 5 bitask load empty absent
    expect_refusal absent 'No such file or directory; no pair is stored'$'\n'
    expect_status 5 bitask load one absent
    expect_refusal absent 'No such file or directory; the 4 pairs before it are stored'$'\n'
}

@test "when the store itself fails, the message tells how many pairs are in it" {
    limited() (
        trap '' XFSZ
        ulimit -f "$1"
        bitask load data
    )
    pairs 1 50000 >data
    expect_status 5 limited 1024
    stored=$(bitask scan --count)
    ((stored > 1 && stored < 50000))
    expect_refusal 'File too large' "; the first $stored pairs are stored"$'\n'

    rm -rf "$STORE"
    pairs 1 100 >data
    expect_status 5 limited 1
    expect_refusal 'File too large' '; no pair is stored'$'\n'
}

@test "a load whose first line is malformed makes no store" {
    printf 'malformed\n' | expect_status 2 bitask load
    expect_refusal
    [[ ! -e $STORE ]]
    expect_status 5 bitask load absent
    [[ ! -e $STORE ]]
}

@test "a load outlives whoever reads its messages" {
    ulimit -c 0
    { bitask load 2>&1 || echo $? >status; } < <(sleep 0.2; printf 'a\t1\nb\t2') | :
    [[ ! -e status ]] || fail "status $(<status)"
    eventually test -e "$STORE/db.lock"
    expect_status 0 bitask scan
    expect_output $'a\t1\nb\t2\n'
}

@test "standard input is named so in messages" {
    printf 'a\t1\nmalformed\n' | expect_status 2 bitask load
    expect_refusal 'load: standard input:2: '
}

@test "a key over the limit stops the load with its line number" {
    {
        printf 'a\t1\n'
        printf '%065536d\tfits\n' 0
        printf '%065537d\ttoo long\n' 0
    } >long-keys
    expect_status 2 bitask load long-keys
    expect_refusal 'long-keys:3: '
    expect_status 0 bitask scan --count
    expect_output $'2\n'
}

@test "json: what the standard allows" {
    cat >pairs.json <<'JSON'
{"key":"plain","value":"v"}
 { "value" : "order" , "key" : "swapped" } 
{"key":"esc \"\\\/\b\f\n\r\t","value":"\u0041\u00e9\u20ac\u0000"}
{"key":"pair of surrogates","value":"\ud83d\ude00"}
{"key_base64":"AP8=","value_base64":"AAEC"}
{"key":"mixed","value_base64":"/w=="}
{"key_base64":"bWl4ZWQy","value":"é"}
JSON
    expect_status 0 bitask load --format json pairs.json
    expect_silence
    expect_status 0 bitask scan
    expect_output '\0'$'\xff\t''\0\x01\x02
esc "\\/\x08\x0c\n\r\t	Aé€\0
mixed	'$'\xff''
mixed2	é
pair of surrogates	😀
plain	v
swapped	order
'
}

@test "json: a last line without its newline is taken, with a warning" {
    printf '{"key":"a","value":"1"}' | expect_status 0 bitask load --format json
    expect_output ''
    expect_message 'standard input:1'
    expect_status 0 bitask get a
    expect_output 1
}

@test "json: malformed lines stop the load with their number" {
    while IFS= read -r line; do
        refuses_line json "$line"
    done <<'JSON'
text
[]
"string"
{}
{"key":"k"}
{"value":"v"}
{"key":"k","value":"v"
{"key":"k","value":"v"} more
{"key":"k","value":"v"}{"key":"l","value":"v"}
{"key":"k","value":"v",}
{"key":"k","value":"v","other":"x"}
{"key":"k","key":"l","value":"v"}
{"key":"k","value":"v","value":"w"}
{"key":"k","key_base64":"aw==","value":"v"}
{"key":"k","value":"v","value_base64":"dg=="}
{"key":"","value":"v"}
{"key":"k","value":""}
{"key_base64":"","value":"v"}
{"key":"k","value_base64":""}
{"key":1,"value":"v"}
{"key":"k","value":null}
{"key":"k","value":["v"]}
{"key":"k","value":"\q"}
{"key":"k","value":"\u12"}
{"key":"k","value":"\ud83d"}
{"key":"k","value":"\ude00"}
{"key":"k","value":"open}
{"key":"k","value_base64":"dg"}
{"key":"k","value_base64":"dg="}
{"key":"k","value_base64":"dg===="}
{"key":"k","value_base64":"d=g="}
{"key":"k","value_base64":"dh=="}
{"key":"k","value_base64":"_-=="}
{"key":"k","value_base64":"d g="}
{'key':'k','value':'v'}
JSON
}

@test "json: text that is not UTF-8, and raw control characters, are malformed" {
    refuses_line json $'{"key":"k","value":"\xff"}'
    refuses_line json $'{"key":"k","value":"\xed\xa0\x80"}'
    refuses_line json $'{"key":"k","value":"a\tb"}'
    refuses_line json $'{"key":"k","value":"a\x01b"}'
}

@test "null: pairs" {
    printf 'a\0one\ntwo\0b\\n\0\t\0' | expect_status 0 bitask load --format null
    expect_silence
    expect_status 0 bitask scan
    expect_output $'a\tone\\ntwo\nb\\\\n\t\\t\n'
}

@test "null: input that ends within a pair, an empty key or value are malformed" {
    for input in 'b' 'b\x00' 'b\x002' '\x002\x00' 'b\x00\x00'; do
        rm -rf "$STORE"
        printf 'a\x001\x00%b' "$input" | expect_status 2 bitask load --format null
        expect_refusal 'load: standard input: pair 2: '
        expect_status 0 bitask scan
        expect_output $'a\t1\n'
    done
}

@test "an unknown format is wrong usage and the message names the known ones" {
    expect_status 2 bitask load --format xml </dev/null
    expect_refusal xml tsv json null
}

@test "-v tells how many pairs were stored" {
    pairs 1 23 | expect_status 0 bitask -v load
    expect_output ''
    expect_message load 23
}

@test "a long value fits on one line of input" {
    head -c 3000000 /dev/zero | tr '\0' x >value
    { printf 'k\t'; cat value; printf '\n'; } | expect_status 0 bitask load
    expect_silence
    expect_status 0 bitask get k
    same_files "$OUT" value
}

@test "--max-log-size makes several logs, and all keys are there" {
    pairs 1 2000 >data
    expect_status 0 bitask load --max-log-size 4K data
    expect_silence
    (($(sealed_logs | wc -l) >= 10))
    expect_status 0 bitask scan
    same_files "$OUT" data
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" data
}

@test "log ids are new and growing even when many logs begin in one millisecond" {
    pairs 1 3000 | bitask load --max-log-size 1K
    find "$STORE" -name '*.log' -printf '%f\n' | cut -d . -f 1 | sort >ids
    [[ $(uniq -d ids | wc -l) == 0 ]]
    [[ $(cut -d . -f 1 <<<"$(basename "$(active_log)")") == $(tail -n 1 ids) ]]
}

@test "two hundred thousand records of 116 bytes are loaded and all found" {
    awk 'BEGIN {
        for (i = 0; i < 200000; i++) printf "key-%012d\t%080d\n", (i * 7919) % 200000, i
    }' >data
    expect_status 0 bitask load data
    expect_silence
    [[ $(log_bytes) == $((200000 * 116)) ]]
    sort data >expected
    expect_status 0 bitask scan
    same_files "$OUT" expected
    expect_status 0 bitask scan --count
    expect_output $'200000\n'
    expect_status 0 bitask get key-000000000000
    expect_output "$(printf %080d 0)"
    expect_status 0 bitask get key-000000199999
    expect_status 1 bitask get key-000000200000
    cut -f 1 data | expect_status 0 bitask get --stdin
    same_files "$OUT" data
    keep_only_logs "$STORE"
    expect_status 0 bitask scan
    same_files "$OUT" expected
}

@test "a load that can write no hints says so once, and loads all" {
    bitask put key0 first
    mkdir "$STORE/1.hint"
    pairs 1 120000 >data
    expect_status 0 bitask load data
    [[ $(wc -l <"$ERR") == 1 ]] || fail "$(head "$ERR")"
    grep -q 'no hints written' "$ERR"
    expect_status 0 bitask scan --count
    expect_output $'120001\n'
}

@test "a load makes no more hints than there may be files open" {
    pairs 1 500000 >data
    (
        ulimit -n 64
        bitask load --no-sync --memory 1 data
        expect_status 1 bitask get missing
        expect_status 0 bitask scan
        same_files "$OUT" data
    )
    rm -r "$STORE"
    (
        ulimit -n 64
        kill_load_of data
        expect_status 1 bitask get missing
        bitask put after all
        expect_status 0 bitask compact
        expect_status 0 bitask scan --prefix key
    )
    head -n "$(wc -l <"$OUT")" data >prefix
    same_files "$OUT" prefix
    [[ -s prefix ]]
}

@test "a soft limit of open files is no limit where more may be asked for" {
    pairs 1 500000 >data
    kill_load_of data
    (($(compgen -G "$STORE/*.hint" | wc -l) > 30)) || fail 'too few hints for this test'
    ulimit -S -n 24
    expect_status 1 bitask get missing
    expect_status 0 bitask scan --count
}

@test "--memory bounds what waits; whatever it is, all pairs and their index are there" {
    seq 200000 | awk '{ print "key" $1 "\tvalue" $1 }' >pairs
    for memory in 1 64K 1G; do
        expect_status 0 bitask load --memory "$memory" --no-sync pairs
        expect_silence
        [[ $(bitask scan --count) == 200000 ]]
        bitask verify
        compgen -G "$STORE/*.hint" >/dev/null
        rm -r "$STORE"
    done
    expect_status 2 bitask load --memory none pairs
    expect_message '--memory: "none" is not a size in bytes, or with K, M or G'
}
