#!/usr/bin/env bats

load helpers

# What the program asks of the system, seen by strace: the promises that no output can show.

setup() {
    prepare_store
    ! sanitized || skip 'sanitizers make system calls of their own'
    strace -f -y -o probe true 2>/dev/null || skip 'strace does not work here'
}

# traced COMMAND...: runs it, with its system calls and the paths of their descriptors in `trace`.
traced() {
    strace -f -qq -y -s 64 -o trace "$BITASK" "$@"
}

# The number of the line where the first sync of the file has succeeded. It may have begun in
# another one, while a second thread made calls.
end_of_sync() {
    awk -v file="/$1>" '
        !begun && /f(data)?sync\(/ && index($0, file) { begun = $1 }
        begun == $1 && /f(data)?sync.*\) += 0/ { print NR; exit }' trace
}

# The number of the first or last line in the trace that fits.
first_line() {
    grep -nE "$1" trace | head -n 1 | cut -d : -f 1
}

last_line() {
    grep -nE "$1" trace | tail -n 1 | cut -d : -f 1
}

# expect_order PATTERN...: the last call that fits each pattern comes before that of the next.
expect_order() {
    local last=0 line pattern
    for pattern in "$@"; do
        line=$(last_line "$pattern")
        [[ -n $line ]] || fail "no such call: $pattern" "$(<trace)" || return
        ((line > last)) || fail "out of order: $pattern" "$(<trace)" || return
        last=$line
    done
}

written='(write|pwrite64|writev|pwritev2?)\([0-9]+<[^>]*\.active\.log>'
synced='f(data)?sync\([0-9]+<[^>]*\.active\.log>\) += 0'
any_change='^[0-9]+ +(unlink|rename|f?truncate|mkdir|rmdir|link|symlink|f?chmod|creat|mknod|utime'
any_change+='|fallocate)[a-z0-9]*\('
any_sync='^[0-9]+ +(fsync|fdatasync|sync|syncfs|msync|sync_file_range)\('

@test "put writes the record, then syncs its log, then ends" {
    bitask put k v
    expect_status 0 traced put k w
    expect_order "$written" "$synced" 'exit_group\(0\)'
    expect_status 0 traced rm k
    expect_order "$written" "$synced" 'exit_group\(0\)'
}

@test "a new store's log, folder and parent folder are synced" {
    expect_status 0 traced put k v
    expect_order "$written" "$synced" 'exit_group\(0\)'
    grep -qE "fsync\([0-9]+<$STORE>\) += 0" trace
    grep -qE "fsync\([0-9]+<$BATS_TEST_TMPDIR>\) += 0" trace
}

@test "every folder made for a new store is synced into the one above it" {
    expect_status 0 traced --db "$PWD/a/b/c" put k v
    for folder in "$PWD" "$PWD/a" "$PWD/a/b" "$PWD/a/b/c"; do
        grep -qE "fsync\([0-9]+<$folder>\) += 0" trace || fail "not synced: $folder"
    done
}

@test "a rotation syncs the folder after the rename, and the new log" {
    head -c 3000 /dev/zero | bitask put big
    expect_status 0 traced put --max-log-size 1K k v
    expect_order 'rename(at2?)?\(.*\.active\.log' "fsync\([0-9]+<$STORE>\) += 0" 'exit_group\(0\)'
    expect_order "$written" "$synced" 'exit_group\(0\)'
}

@test "--no-sync syncs nothing" {
    expect_status 0 traced put k v --no-sync
    refute grep -qE "$any_sync" trace
    pairs 1 20000 >data
    expect_status 0 traced load --no-sync --max-log-size 64K data
    refute grep -qE "$any_sync" trace
    expect_status 0 traced rm --no-sync k
    refute grep -qE "$any_sync" trace
    expect_status 0 bitask scan
    same_files "$OUT" data
}

@test "a batch is synced at its end, not line by line" {
    bitask put k v
    pairs 1 1000 >data
    expect_status 0 traced load data
    expect_order "$written" "$synced" 'exit_group\(0\)'
    [[ $(grep -cE "$synced" trace) == 1 ]]
    cut -f 1 data >keys
    expect_status 0 traced rm --stdin <keys
    expect_order "$written" "$synced" 'exit_group\(0\)'
    [[ $(grep -cE "$synced" trace) == 1 ]]
}

@test "compact syncs new logs before they get a log's name, and removes the old ones last" {
    pairs 1 2000 one | bitask load --max-log-size 16K
    pairs 1 2000 two | bitask load --max-log-size 16K
    expect_status 0 traced compact
    grep -E '^[0-9]+ +rename(at2?)?\(.*\.tmp' trace | grep -oE '[0-9]+\.[0-9]+\.tmp' |
        sort -u >temporaries
    [[ -s temporaries ]] || fail 'no temporary was renamed' "$(<trace)"
    while read -r temporary; do
        sync=$(end_of_sync "$temporary")
        name=$(first_line "rename(at2?)?\(.*\"[^\"]*${temporary//./\\.}\"")
        [[ -n $sync ]] && ((sync < name)) || fail "renamed before it was synced: $temporary"
    done <temporaries
    first_removal=$(first_line 'unlink(at)?\(.*[0-9]\.log"')
    last_naming=$(last_line 'rename(at2?)?\(.*[0-9]\.[0-9]+\.tmp"')
    ((last_naming < first_removal))
    grep -nE "fsync\([0-9]+<$STORE>\) += 0" trace | cut -d : -f 1 |
        awk -v after="$last_naming" -v before="$first_removal" \
            '$1 > after && $1 < before { found = 1 } END { exit !found }' ||
        fail 'the folder was not synced between the last rename and the first removal'
}

@test "readers take no lock, open nothing for writing, and change nothing" {
    pairs 1 20000 | bitask load --max-log-size 64K
    for state in closed bare; do
        for arguments in 'get key000001' 'get key000001 key000002' scan 'scan --count' \
            'scan --reverse --limit 3' stat verify 'verify --json'; do
            # shellcheck disable=SC2086  # words
            expect_status 0 traced $arguments
            refute grep -E 'flock\(|F_SETLK|F_OFD_SETLK' trace
            refute grep -E 'O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE' trace
            refute grep -E "$any_change" trace
            refute grep -E "$any_sync" trace
        done
        [[ $state == bare ]] || keep_only_logs "$STORE"
    done
}

@test "counts, keys, stat and get read no log that hints speak of, but for the record" {
    pairs 1 20000 | bitask load --max-log-size 64K
    bitask put key000001 newer
    expect_hints
    for arguments in 'scan --count' 'scan --count --prefix key01' 'scan --keys' stat; do
        # shellcheck disable=SC2086  # words
        expect_status 0 traced $arguments
        refute grep -E 'pread64\([0-9]+<[^>]*[0-9]\.log>' trace
    done
    expect_status 0 traced get key010000
    [[ $(grep -cE 'pread64\([0-9]+<[^>]*[0-9]\.log>' trace) == 1 ]] || fail "$(<trace)"
    refute grep 'getdents' trace
}

@test "a get from a large store reads little" {
    awk 'BEGIN { for (i = 0; i < 100000; i++) printf "key%06d\t%080d\n", i, i }' | bitask load
    bitask compact
    expect_hints
    expect_status 0 traced get key054321
    read_bytes=$(sed -nE 's/^[0-9]+ +(read|pread64|preadv2?)\([0-9]+<.*\) += ([0-9]+)$/\2/p' trace |
        awk '{ sum += $1 } END { print sum + 0 }')
    ((read_bytes > 0 && read_bytes < 1000000)) || fail "read $read_bytes bytes"
    refute grep -E "mmap\(.*$STORE" trace
}
