# shellcheck shell=bash disable=SC2154
# The parts bulk and tenfold of scripts/bench, which reads this file and has set bin, bitask, data,
# keys and rounds: whole processes that read or write everything. In each round every command of a
# table runs once, in an order that changes from round to round; standard output goes to /dev/null.
# What must be there before a command, a fresh folder or a copy, is made outside of its time.

# bulk_table RECORDS COMMANDS: each command works on so many records; 0 where they differ.
bulk_table() {
    printf '| command | median, s | over the first | 90 %% below, s | 1000 records/s |'
    printf ' processor, s | peak, MiB |\n|---|--:|--:|--:|--:|--:|--:|\n'
    commands "${@:2}" |
        "$bin/bitask_bench_alternate" "$rounds" "${key_file-$data/keys}" >"$data/bulk-times"
    rm -rf -- "$fresh"
    awk -F '\t' -v records="$1" '{
        printf "| %s | %.3f | %.2f | %.3f | %s | %.3f | %.1f |\n", $1, $2 / 1e6, $3, $4 / 1e6,
               (records > 0 ? sprintf("%.0f", records / $2 * 1e3) : ""), $7 / 1e6,
               $6 / 1024 }' "$data/bulk-times"
    echo
}

# of_last COMMAND COLUMN: what the last table has there.
of_last() {
    awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column; found = 1 }
        END { exit !found }' "$data/bulk-times"
}

# ratio COMMAND OTHER LIMIT: of their medians in the last table.
ratio() {
    local ours theirs
    ours=$(of_last "$1" 2)
    theirs=$(of_last "$2" 2)
    awk -v what="$1 / $2" -v ours="$ours" -v theirs="$theirs" -v limit="$3" 'BEGIN {
        ratio = ours / theirs
        printf "- %s: %.2f (target: at most %s, %s)\n", what, ratio, limit,
               ratio <= limit ? "met" : "missed" }'
}

fresh=$data/fresh

# before [SHELL COMMAND]: the line that prepares the next command: an empty folder $fresh, in which
# the shell command may put something; all on disk, so that nobody has to write what others left.
before() {
    echo " | 0 | sh | -c | rm -rf -- $fresh && mkdir -- $fresh ${1:+&& $1 }&& sync"
}

# What is only loaded, and what was compacted after every other key had been overwritten: both hold
# the records of the TSV. Made anew each time, as today's program may lay them out in another way.
bulk_store() { "$bitask" load -d "$1" "$data/tsv"; }
bulk_compacted_store() {
    awk -F '\t' -v OFS='\t' 'NR % 2 { $2 = substr($2, 51) substr($2, 1, 50) } 1' "$data/tsv" |
        "$bitask" load -d "$1"
    awk 'NR % 2' "$data/tsv" | "$bitask" load -d "$1"
    "$bitask" compact -d "$1"
}

bulk_by_key_store() { cp -r -- "$data/bulk-compacted" "$1" && "$bitask" compact --all -d "$1"; }

bulk_sqlite_vacuumed() { cp -- "$data/sqlite" "$1" && sqlite3 "$1" vacuum; }
bulk_tkrzw_tree() {
    tkrzw_dbm_util create --dbm tree "$1" &&
        tkrzw_dbm_util import --dbm tree --tsv "$1" "$data/tsv" >/dev/null
}
bulk_tokyo_tree() { tcbmgr create "$1" && tcbmgr importtsv "$1" "$data/tsv" >/dev/null; }
bulk_kyoto_tree() { kctreemgr create "$1" && kctreemgr import "$1" "$data/tsv" >/dev/null; }
bulk_lmdb() { mdb_load -n -f "$data/lmdb.txt" "$1" && rm -f -- "$1-lock"; }
bulk_rocksdb() {
    ldb load --db="$1" --create_if_missing --bulk_load --disable_wal <"$data/rocksdb.txt" >/dev/null
}
bulk_rocksdb_half() {
    bulk_rocksdb "$1"
    awk 'NR % 2 { $3 = substr($3, 51) substr($3, 1, 50); print }' "$data/rocksdb.txt" |
        ldb load --db="$1" --bulk_load --disable_wal >/dev/null
}

records_as() { "$bin/bitask_bench_records" "$1" "$keys" >"$2"; }
bulk_digest() { digest <"$data/tsv" >"$1"; }
bulk_digest_7f() { grep ^7f "$data/tsv" | digest >"$1"; }
bulk_prefixes() { printf '%02x\n' {0..255} | shuf --random-source="$data/tsv" >"$1"; }

digest() { LC_ALL=C sort | sha256sum; }

# right NAME [DIGEST]: standard input has all records as TSV, or those of the digest, in whatever
# order.
right() {
    if [[ $(digest) != "$(<"$data/${2-digest}")" ]]; then
        echo "bench: $1: these are not the records" >&2
        return 1
    fi
}

cdb_to_tsv() { sed -n 's/^+[0-9]*,[0-9]*:\([0-9a-f]*\)->/\1\t/p'; }
lmdb_to_tsv() { sed -n '/HEADER=END/,/DATA=END/s/^ //p' | paste - -; }

# bulk_prepare: inputs and stores, and whether all of them hold the same records.
bulk_prepared=
bulk_prepare() {
    if [[ -n $bulk_prepared ]]; then
        return
    fi
    bulk_prepared=yes
    prepare
    made lmdb.txt records_as lmdb
    made rocksdb.txt records_as rocksdb
    made gdbm.dump records_as gdbm-dump
    made shuffled records_as shuffled
    made digest bulk_digest
    made digest-7f bulk_digest_7f
    made prefixes256 bulk_prefixes
    made sqlite-vacuumed bulk_sqlite_vacuumed
    made tkrzw.tkt bulk_tkrzw_tree
    made tokyo.tcb bulk_tokyo_tree
    made kyoto.kct bulk_kyoto_tree
    made lmdb bulk_lmdb
    made rocksdb bulk_rocksdb
    made rocksdb-half bulk_rocksdb_half
    rm -rf -- "$data"/bulk-{store,compacted,by-key,half}
    made bulk-store bulk_store
    made bulk-compacted bulk_compacted_store
    made bulk-by-key bulk_by_key_store
    made bulk-half load_half
    echo "bench: looking whether all programs tell the same records" >&2
    bulk_check
}

bulk_check() {
    local store
    for store in bulk-store bulk-compacted bulk-by-key; do
        "$bitask" scan -d "$data/$store" | right "$store"
        "$bitask" scan --unordered -d "$data/$store" | right "$store, unordered"
        "$bitask" scan --prefix 7f -d "$data/$store" | right "$store, prefix" digest-7f
        "$bitask" get -d "$data/$store" --stdin <"$data/shuffled" | right "$store, get"
    done
    cdb -d "$data/cdb" | cdb_to_tsv | right cdb
    for store in sqlite sqlite-vacuumed; do
        sqlite3 -readonly "$data/$store" '.mode tabs' 'select key, value from pairs' | right "$store"
    done
    for store in tkrzw.tkh tkrzw.tkt; do
        tkrzw_dbm_util list --items "$keys" "$data/$store" | right "$store"
    done
    tchmgr list -pv "$data/tokyo.tch" | right tchmgr
    tcbmgr list -pv "$data/tokyo.tcb" | right tcbmgr
    tcbmgr list -pv -fm 7f "$data/tokyo.tcb" | right "tcbmgr, prefix" digest-7f
    kchashmgr list -pv "$data/kyoto.kch" | right kchashmgr
    kctreemgr list -pv "$data/kyoto.kct" | right kctreemgr
    gdbmtool --quiet --read-only "$data/gdbm" list | tr ' ' '\t' | right gdbm
    mdb_dump -n -p "$data/lmdb" | lmdb_to_tsv | right mdb_dump
    ldb scan --db="$data/rocksdb" | sed 's/ : /\t/' | right ldb
    ldb scan --db="$data/rocksdb" --from=7f --to=7fg | sed 's/ : /\t/' | right "ldb, prefix" digest-7f
    # Stores that no table but that of loads has
    rm -rf -- "$fresh"
    mkdir -- "$fresh"
    gdbm_load "$data/gdbm.dump" "$fresh/gdbm"
    gdbmtool --quiet --read-only "$fresh/gdbm" list | tr ' ' '\t' | right gdbm_load
    "$bitask" load --no-sync --format cdb -d "$fresh/bitask" "$data/cdb.txt"
    "$bitask" scan -d "$fresh/bitask" | right "load --format cdb"
    rm -rf -- "$fresh"
}

cached() { (cd -- "$data" && find "$@" -type f -exec cat -- {} +) >/dev/null; }

bulk_load() {
    bulk_prepare
    cached tsv cdb.txt
    echo "### load, not synced, $keys records"
    echo
    bulk_table "$keys" \
        "$(before)" \
        "bitask load --no-sync | 0 | $bitask | load | --no-sync | -d | $fresh/x | $data/tsv" \
        "$(before)" \
        "bitask load --no-sync --format cdb | 0 | $bitask | load | --no-sync | --format | cdb | -d | $fresh/x | $data/cdb.txt" \
        "$(before)" \
        "cdb -c | 0 | cdb | -c | $fresh/x | $data/cdb.txt" \
        "$(before "tkrzw_dbm_util create --dbm hash --buckets $((2 * keys)) $fresh/x")" \
        "tkrzw_dbm_util import --tsv, hash | 0 | tkrzw_dbm_util | import | --dbm | hash | --tsv | $fresh/x | $data/tsv" \
        "$(before "tkrzw_dbm_util create --dbm tree $fresh/x")" \
        "tkrzw_dbm_util import --tsv, tree | 0 | tkrzw_dbm_util | import | --dbm | tree | --tsv | $fresh/x | $data/tsv" \
        "$(before "tchmgr create $fresh/x $((2 * keys))")" \
        "tchmgr importtsv | 0 | tchmgr | importtsv | $fresh/x | $data/tsv" \
        "$(before "kchashmgr create -bnum $((2 * keys)) $fresh/x.kch")" \
        "kchashmgr import | 0 | kchashmgr | import | $fresh/x.kch | $data/tsv" \
        "$(before "kctreemgr create $fresh/x.kct")" \
        "kctreemgr import | 0 | kctreemgr | import | $fresh/x.kct | $data/tsv" \
        "$(before)" \
        "sqlite3 .import, journal and synchronous off | 0 | sqlite3 | $fresh/x | pragma journal_mode = off | pragma synchronous = off | $keyed_table | .mode tabs | .import $data/tsv pairs" \
        "$(before)" \
        "the same, cache of 256 MiB | 0 | sqlite3 | $fresh/x | pragma journal_mode = off | pragma synchronous = off | pragma cache_size = -262144 | $keyed_table | .mode tabs | .import $data/tsv pairs" \
        "$(before)" \
        "limit: cp of the TSV | 0 | cp | $data/tsv | $fresh/x"
    ratio "bitask load --no-sync" "cdb -c" 0.8
    ratio "bitask load --no-sync" "tkrzw_dbm_util import --tsv, hash" 0.35
    echo
}

bulk_synced() {
    bulk_prepare
    cached tsv cdb.txt lmdb.txt gdbm.dump rocksdb.txt
    local synced="sync $fresh/x $fresh"
    echo "### load, safe from a power cut at the end, $keys records"
    echo
    bulk_table "$keys" \
        "$(before)" \
        "bitask load | 0 | $bitask | load | -d | $fresh/x | $data/tsv" \
        "$(before)" \
        "cdb -c, sync FILE | 0 | sh | -c | cdb -c $fresh/x $data/cdb.txt && $synced" \
        "$(before "tkrzw_dbm_util create --dbm hash --buckets $((2 * keys)) $fresh/x")" \
        "tkrzw_dbm_util import --tsv, hash, sync FILE | 0 | sh | -c | tkrzw_dbm_util import --dbm hash --tsv $fresh/x $data/tsv && $synced" \
        "$(before)" \
        "sqlite3 .import | 0 | sqlite3 | $fresh/x | $keyed_table | .mode tabs | .import $data/tsv pairs" \
        "$(before)" \
        "the same, cache of 256 MiB | 0 | sqlite3 | $fresh/x | pragma cache_size = -262144 | $keyed_table | .mode tabs | .import $data/tsv pairs" \
        "$(before)" \
        "gdbm_load | 0 | gdbm_load | $data/gdbm.dump | $fresh/x" \
        "$(before)" \
        "ldb load --bulk_load --disable_wal | 0 | sh | -c | exec ldb load --db=$fresh/x --create_if_missing --bulk_load --disable_wal <$data/rocksdb.txt" \
        "$(before)" \
        "mdb_load | 0 | mdb_load | -n | -f | $data/lmdb.txt | $fresh/x" \
        "$(before)" \
        "limit: cp of the TSV, sync FILE | 0 | sh | -c | cp $data/tsv $fresh/x && $synced"
    ratio "bitask load" "sqlite3 .import" 0.1
    echo
}

bulk_scan() {
    bulk_prepare
    cached bulk-store bulk-compacted bulk-by-key sqlite sqlite-vacuumed lmdb rocksdb kyoto.kct tokyo.tcb \
        tkrzw.tkt tkrzw.tkh kyoto.kch tokyo.tch cdb gdbm
    local store=$data/bulk-store compacted=$data/bulk-compacted by_key=$data/bulk-by-key
    local select="select key, value from pairs order by key"
    echo "### scan in the order of keys, $keys records"
    echo
    bulk_table "$keys" \
        "bitask scan | 0 | $bitask | scan | -d | $store" \
        "bitask scan, compacted | 0 | $bitask | scan | -d | $compacted" \
        "bitask scan, compacted with --all | 0 | $bitask | scan | -d | $by_key" \
        "sqlite3 select order by key | 0 | sqlite3 | -readonly | $data/sqlite | .mode tabs | $select" \
        "the same after vacuum | 0 | sqlite3 | -readonly | $data/sqlite-vacuumed | .mode tabs | $select" \
        "mdb_dump -p | 0 | mdb_dump | -n | -p | $data/lmdb" \
        "ldb scan | 0 | ldb | scan | --db=$data/rocksdb" \
        "kctreemgr list -pv | 0 | kctreemgr | list | -pv | $data/kyoto.kct" \
        "tcbmgr list -pv | 0 | tcbmgr | list | -pv | $data/tokyo.tcb" \
        "tkrzw_dbm_util list, tree | 0 | tkrzw_dbm_util | list | --dbm | tree | --items | $keys | $data/tkrzw.tkt" \
        "$(before)" \
        "tkrzw_dbm_util export --tsv, tree, to a file | 0 | tkrzw_dbm_util | export | --dbm | tree | --tsv | $data/tkrzw.tkt | $fresh/x" \
        "limit: cat of the logs to cat | 0 | sh | -c | cat $store/*.log|cat"
    ratio "bitask scan" "sqlite3 select order by key" 1.0
    ratio "bitask scan, compacted" "sqlite3 select order by key" 0.7
    ratio "bitask scan, compacted with --all" "sqlite3 select order by key" 0.7
    echo
    echo "### scan in whatever order, $keys records"
    echo
    bulk_table "$keys" \
        "bitask scan --unordered | 0 | $bitask | scan | --unordered | -d | $store" \
        "bitask scan --unordered, compacted | 0 | $bitask | scan | --unordered | -d | $compacted" \
        "cdb -d | 0 | cdb | -d | $data/cdb" \
        "gdbm_dump, binary | 0 | gdbm_dump | --format=binary | $data/gdbm | -" \
        "kchashmgr list -pv | 0 | kchashmgr | list | -pv | $data/kyoto.kch" \
        "tchmgr list -pv | 0 | tchmgr | list | -pv | $data/tokyo.tch" \
        "tkrzw_dbm_util list, hash | 0 | tkrzw_dbm_util | list | --dbm | hash | --items | $keys | $data/tkrzw.tkh" \
        "$(before)" \
        "tkrzw_dbm_util export --tsv, hash, to a file | 0 | tkrzw_dbm_util | export | --dbm | hash | --tsv | $data/tkrzw.tkh | $fresh/x" \
        "limit: cat of the logs to cat | 0 | sh | -c | cat $store/*.log|cat"
    ratio "bitask scan --unordered" "cdb -d" 0.7
    echo
    echo "### keys only, $keys records"
    echo
    bulk_table "$keys" \
        "bitask scan --keys | 0 | $bitask | scan | --keys | -d | $store" \
        "sqlite3 select key order by key | 0 | sqlite3 | -readonly | $data/sqlite | select key from pairs order by key" \
        "the same after vacuum | 0 | sqlite3 | -readonly | $data/sqlite-vacuumed | select key from pairs order by key" \
        "ldb scan --no_value | 0 | ldb | scan | --no_value | --db=$data/rocksdb" \
        "kctreemgr list | 0 | kctreemgr | list | $data/kyoto.kct" \
        "tcbmgr list | 0 | tcbmgr | list | $data/tokyo.tcb" \
        "tkrzw_dbm_util list --keys, tree | 0 | tkrzw_dbm_util | list | --dbm | tree | --keys | --items | $keys | $data/tkrzw.tkt" \
        "cdb -l (any order) | 0 | cdb | -l | $data/cdb" \
        "kchashmgr list (any order) | 0 | kchashmgr | list | $data/kyoto.kch" \
        "tchmgr list (any order) | 0 | tchmgr | list | $data/tokyo.tch" \
        "tkrzw_dbm_util list --keys, hash (any order) | 0 | tkrzw_dbm_util | list | --dbm | hash | --keys | --items | $keys | $data/tkrzw.tkh"
    bulk_prefix
}

# Each round takes another of 256 prefixes.
bulk_prefix() {
    local matches=$((keys / 256))
    echo "### scan of a prefix that $matches of $keys keys have"
    echo
    rounds=$((20 * rounds)) key_file=$data/prefixes256 bulk_table "$matches" \
        "bitask scan --prefix | 0 | $bitask | scan | --prefix | {key} | -d | $data/bulk-store" \
        "bitask scan --prefix, compacted | 0 | $bitask | scan | --prefix | {key} | -d | $data/bulk-compacted" \
        "bitask scan --prefix --keys | 0 | $bitask | scan | --keys | --prefix | {key} | -d | $data/bulk-store" \
        "sqlite3 select where key glob | 0 | sqlite3 | -readonly | $data/sqlite | .mode tabs | select key, value from pairs where key glob '{key}*' order by key" \
        "ldb scan --from --to | 0 | ldb | scan | --db=$data/rocksdb | --from={key} | --to={key}g" \
        "tcbmgr list -pv -fm | 0 | tcbmgr | list | -pv | -fm | {key} | $data/tokyo.tcb" \
        "kctreemgr list -pv -max $matches | 0 | kctreemgr | list | -pv | -max | $matches | $data/kyoto.kct | {key}" \
        "tkrzw_dbm_util list --move jump --items $matches, tree | 0 | tkrzw_dbm_util | list | --dbm | tree | --move | jump | --jump_key | {key} | --items | $matches | $data/tkrzw.tkt"
}

bulk_get() {
    bulk_prepare
    made fetches bulk_fetches
    made gets bulk_gets
    local -a join=('pragma temp_store = memory' '.mode tabs'
        'create temp table wanted (key text)' ".import $data/shuffled wanted"
        'select key, value from wanted cross join pairs using (key)')
    sqlite3 -readonly "$data/sqlite" "${join[@]}" | right "sqlite3, join"
    gdbmtool --quiet --read-only "$data/gdbm" <"$data/fetches" |
        paste "$data/shuffled" - | right "gdbmtool fetch"
    ldb query --db="$data/rocksdb" <"$data/gets" | sed 's/ ==> /\t/' | right "ldb query"
    xargs -s 1000000 kchashmgr getbulk "$data/kyoto.kch" <"$data/shuffled" | right "kchashmgr getbulk"
    local join_words
    join_words=$(printf ' | %s' "${join[@]}")
    cached bulk-store bulk-compacted sqlite gdbm rocksdb kyoto.kch shuffled fetches gets
    echo "### get of all keys in random order, $keys records"
    echo
    bulk_table "$keys" \
        "bitask get --stdin | 0 | sh | -c | exec $bitask get --stdin -d $data/bulk-store <$data/shuffled" \
        "bitask get --stdin, compacted | 0 | sh | -c | exec $bitask get --stdin -d $data/bulk-compacted <$data/shuffled" \
        "sqlite3 .import and join | 0 | sqlite3 | -readonly | $data/sqlite$join_words" \
        "the same, mmap_size of 2 GiB | 0 | sqlite3 | -readonly | $data/sqlite | pragma mmap_size = 2147418112$join_words" \
        "gdbmtool fetch | 0 | sh | -c | exec gdbmtool --quiet --read-only $data/gdbm <$data/fetches" \
        "ldb query get | 0 | sh | -c | exec ldb query --db=$data/rocksdb <$data/gets" \
        "xargs kchashmgr getbulk (any order) | 0 | sh | -c | exec xargs -s 1000000 kchashmgr getbulk $data/kyoto.kch <$data/shuffled"
    awk -v keys="$keys" -v time="$(of_last "bitask get --stdin" 2)" 'BEGIN {
        speed = keys / time
        printf "- bitask get --stdin: %.2f million keys a second (target: at least 1.5, %s)\n\n", speed,
               (speed >= 1.5 ? "met" : "missed") }'
}
bulk_fetches() { sed 's/^/fetch /' "$data/shuffled" >"$1"; }
bulk_gets() { sed 's/^/get /' "$data/shuffled" >"$1"; }

bulk_compact() {
    bulk_prepare
    cached bulk-half bulk-compacted rocksdb-half sqlite tkrzw.tkh
    echo "### compaction after every other of $keys records was overwritten"
    echo
    bulk_table "$keys" \
        "$(before "cp -r $data/bulk-half $fresh/x")" \
        "bitask compact | 0 | $bitask | compact | -d | $fresh/x" \
        "$(before "cp -r $data/rocksdb-half $fresh/x")" \
        "ldb compact | 0 | ldb | compact | --db=$fresh/x" \
        "$(before "cp $data/sqlite $fresh/x")" \
        "sqlite3 vacuum | 0 | sqlite3 | $fresh/x | vacuum" \
        "$(before "cp $data/tkrzw.tkh $fresh/x")" \
        "tkrzw_dbm_util rebuild, hash, sync FILE | 0 | sh | -c | tkrzw_dbm_util rebuild --dbm hash $fresh/x && sync $fresh/x $fresh" \
        "$(before)" \
        "limit: cp of the compacted logs, sync FILES | 0 | sh | -c | cp $data/bulk-compacted/*.log $fresh && sync $fresh/* $fresh"
    echo "SQLite and Tkrzw overwrite in place: theirs are files without garbage, written anew."
    echo
}

bulk() {
    bulk_load
    bulk_synced
    bulk_scan
    bulk_get
    bulk_compact
}

# Loads of so many records and of ten times as many, and what memory they need.
tenfold() {
    local more=$bin/data-${keys}0
    mkdir -p -- "$more"
    made tsv records_tsv
    made keys some_keys
    keys=${keys}0 data=$more made tsv records_tsv
    cat -- "$data/tsv" "$more/tsv" >/dev/null
    echo "### load of $keys and of ${keys}0 records"
    echo
    bulk_table 0 \
        "$(before)" \
        "bitask load | 0 | $bitask | load | -d | $fresh/x | $data/tsv" \
        "$(before)" \
        "bitask load, tenfold | 0 | $bitask | load | -d | $fresh/x | $more/tsv" \
        "$(before)" \
        "bitask load --no-sync | 0 | $bitask | load | --no-sync | -d | $fresh/x | $data/tsv" \
        "$(before)" \
        "bitask load --no-sync, tenfold | 0 | $bitask | load | --no-sync | -d | $fresh/x | $more/tsv"
    ratio "bitask load, tenfold" "bitask load" 12
    ratio "bitask load --no-sync, tenfold" "bitask load --no-sync" 12
    awk -v peak="$(of_last "bitask load, tenfold" 6)" 'BEGIN {
        printf "- peak memory of the tenfold load: %.1f MiB (target: at most 256, %s)\n\n",
               peak / 1024, peak <= 256 * 1024 ? "met" : "missed" }'
}
