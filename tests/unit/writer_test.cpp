#include "bitask/writer.hpp"

#include "bitask/error.hpp"
#include "bitask/verify.hpp"
#include "log/record.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask {
namespace {

using Catch::Matchers::ContainsSubstring;
using store::LockNote;
using test::Contents;
using test::failure_of;
using test::Fault;
using test::FaultyEnvironment;
using test::HandmadeStore;
using test::kNow;
using test::kStore;
using test::make_record;
using test::Strings;

const std::string kFirstLog = "1700000000000.active.log";

// Options that seal a log as soon as it holds anything.
WriterOptions tiny_logs() {
    WriterOptions options;
    options.max_log_size = 1;
    return options;
}

WriterOptions without_creating() {
    WriterOptions options;
    options.create = false;
    return options;
}

// Options that collect warnings.
WriterOptions warning_into(Strings& lines) {
    WriterOptions options;
    options.warn = [&lines](const std::string& line) { lines.push_back(line); };
    return options;
}

std::vector<std::uint64_t> timestamps_of(std::string_view log) {
    std::vector<std::uint64_t> timestamps;
    std::uint64_t begin = 0;
    for (const std::uint64_t end : test::record_ends(log)) {
        const auto head = log.substr(static_cast<std::size_t>(begin), log::kHeaderSize);
        timestamps.push_back(
            log::decode_header(test::bytes_view(head).first<log::kHeaderSize>()).timestamp);
        begin = end;
    }
    return timestamps;
}

TEST_CASE("what was put and committed is there, what was removed is not") {
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, {}};
        writer.put("a", "1");
        writer.put("b", MemoryValue{"2"});
        writer.put("a", "3");
        writer.commit();
        CHECK(writer.remove("b"));
        writer.commit();
    }
    CHECK(store.contents() == Contents{{"a", "3"}});
    CHECK(store.bytes(kFirstLog) == make_record("a", "1", kNow) + make_record("b", "2", kNow) +
                                        make_record("a", "3", kNow) + make_record("b", "", kNow));
}

TEST_CASE("a store that is not there is created with the folders above it") {
    test::MemoryEnvironment disk;
    {
        Writer writer{disk, "/srv/data/kv", {}};
        writer.put("k", "v");
        writer.commit();
    }
    CHECK(test::contents(disk, "/srv/data/kv") == Contents{{"k", "v"}});
}

TEST_CASE(
    "a writer that must not create finds no store in a folder that is missing, and leaves it") {
    test::MemoryEnvironment disk;
    const auto failure = failure_of([&] { Writer{disk, kStore, without_creating()}; });
    CHECK(failure.kind == ErrorKind::io);
    CHECK(failure.message == "no store in \"/kv\"");
    CHECK(disk.open_folder(kStore) == nullptr);
}

TEST_CASE("a writer that must not create makes no store of a folder of other things") {
    HandmadeStore store;
    store.file("notes.txt", "mine").file("17.1.tmp", "not a log").file("17.bak", "no");
    CHECK(failure_of([&] {
              Writer{store.disk, kStore, without_creating()};
          }).kind == ErrorKind::io);
    CHECK(store.files() == Strings{"17.1.tmp", "17.bak", "notes.txt"});
}

TEST_CASE("a writer that must not create accepts a log alone, or a lock file alone, as a store") {
    HandmadeStore logs_only;
    logs_only.file("17.log", make_record("k", "v", 1));
    Writer{logs_only.disk, kStore, without_creating()};
    HandmadeStore lock_only;
    lock_only.file("db.lock", "");
    Writer{lock_only.disk, kStore, without_creating()};
    CHECK(lock_only.files() == Strings{"db.lock"});
}

TEST_CASE("files that are not the store's are passed over and stay") {
    HandmadeStore store;
    store.file("readme", "x").file("17.txt", "y").file("017.log", "z");
    store.put("k", "v");
    CHECK(store.contents() == Contents{{"k", "v"}});
    CHECK(store.bytes("readme") == "x");
    CHECK(store.bytes("17.txt") == "y");
    CHECK(store.bytes("017.log") == "z");
}

TEST_CASE("keys and values that the format cannot hold are refused, and the writer goes on") {
    HandmadeStore store;
    Writer writer{store.disk, kStore, {}};
    CHECK(failure_of([&] { writer.put("", "v"); }).kind == ErrorKind::usage);
    CHECK(failure_of([&] { writer.put("k", ""); }).kind == ErrorKind::usage);
    CHECK(failure_of([&] { writer.put("k", MemoryValue{""}); }).kind == ErrorKind::usage);
    CHECK(failure_of([&] { writer.put(std::string(65'537, 'k'), "v"); }).kind == ErrorKind::usage);
    CHECK(failure_of([&] { writer.remove(""); }).kind == ErrorKind::usage);
    CHECK(failure_of([] { check_value_size(std::uint64_t{1} << 32); }).kind == ErrorKind::usage);
    check_value_size(kMaxValueSize);
    writer.put(std::string(65'536, 'k'), "v");
    writer.commit();
    CHECK(store.contents() == Contents{{std::string(65'536, 'k'), "v"}});
}

TEST_CASE("removing a key that is not there writes nothing") {
    HandmadeStore store;
    store.put("k", "v");
    store.remove("k");
    const std::string before = store.bytes(kFirstLog);
    const Strings files = store.files();
    Writer writer{store.disk, kStore, {}};
    CHECK_FALSE(writer.remove("k"));
    CHECK_FALSE(writer.remove("never"));
    writer.commit();
    CHECK(store.bytes(kFirstLog) == before);
    CHECK(store.files() == files);
}

TEST_CASE("a key that was put in the same session can be removed, and put again") {
    HandmadeStore store;
    Writer writer{store.disk, kStore, {}};
    CHECK_FALSE(writer.remove("k"));
    writer.put("k", "1");
    CHECK(writer.remove("k"));
    CHECK_FALSE(writer.remove("k"));
    writer.put("k", "2");
    writer.commit();
    CHECK(store.contents() == Contents{{"k", "2"}});
}

TEST_CASE("a writer that changes nothing leaves every file as it was") {
    HandmadeStore store;
    store.put("k", "v");
    const std::string log = store.bytes(kFirstLog);
    const std::string lock = store.bytes("db.lock");
    {
        Writer writer{store.disk, kStore, {}};
        writer.commit();
    }
    CHECK(store.bytes(kFirstLog) == log);
    CHECK(store.bytes("db.lock") == lock);
    CHECK(store.files() == Strings{kFirstLog, "db.lock"});
}

TEST_CASE("a second writer is told that the store is locked, by whom, and where") {
    HandmadeStore store;
    const Writer first{store.disk, kStore, {}};
    const auto failure = failure_of([&] { Writer{store.disk, kStore, {}}; });
    CHECK(failure.kind == ErrorKind::locked);
    CHECK_THAT(failure.message,
               ContainsSubstring("/kv/db.lock") && ContainsSubstring("held by process"));
}

TEST_CASE("the lock is free again when the writer is gone, and its file stays") {
    HandmadeStore store;
    store.put("k", "v");
    CHECK_NOTHROW(Writer{store.disk, kStore, {}});
    CHECK(std::ranges::count(store.files(), std::string{"db.lock"}) == 1);
}

TEST_CASE("a log that has grown past the limit is sealed before the next put") {
    HandmadeStore store;
    WriterOptions options;
    options.max_log_size = 44;  // two records
    Writer writer{store.disk, kStore, options};
    writer.put("a", "1");
    writer.put("b", "2");
    writer.put("c", "3");  // 44 is not past the limit
    writer.commit();
    CHECK(store.logs() == Strings{kFirstLog});
    writer.put("d", "4");
    writer.commit();
    CHECK(store.logs() == Strings{"1700000000000.log", "1700000000001.active.log"});
    CHECK(store.bytes("1700000000000.log").size() == 66);
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
}

TEST_CASE("ids of logs grow though the clock stands still, and though it runs backwards") {
    HandmadeStore store;
    store.put("a", "1", tiny_logs());
    store.put("b", "2", tiny_logs());
    store.disk.set_clock(5);
    store.put("c", "3", tiny_logs());
    store.disk.set_clock(kNow + 1000);
    store.put("d", "4", tiny_logs());
    CHECK(store.logs() == Strings{"1700000000000.log", "1700000000001.log", "1700000000002.log",
                                  "1700000001000.active.log"});
}

TEST_CASE("an id is new with respect to every log, sealed and compacted ones included") {
    HandmadeStore store;
    store.file("1700000009999.3.log", make_record("k", "v", 1));
    store.put("a", "1");
    CHECK(store.logs() == Strings{"1700000009999.3.log", "1700000010000.active.log"});
}

TEST_CASE("a store whose log numbers are used up says so instead of starting over") {
    HandmadeStore store;
    store.file("18446744073709551615.log", make_record("k", "v", 1));
    const auto failure = failure_of([&] { store.put("a", "1"); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK(store.contents() == Contents{{"k", "v"}});
}

TEST_CASE("timestamps never run backwards, whatever the clock does, with or without a note") {
    const bool with_note = GENERATE(true, false);
    CAPTURE(with_note);
    HandmadeStore store;
    for (const std::uint64_t now : {kNow, kNow - 1000, kNow + 5, std::uint64_t{0}}) {
        store.disk.set_clock(now);
        store.put("k", "at " + std::to_string(now));
        if (!with_note) {
            test::remove_file(store.disk, kStore, "db.lock");
        }
        CHECK(store.get("k") == "at " + std::to_string(now));
    }
    CHECK(timestamps_of(store.bytes(kFirstLog)) == std::vector{kNow, kNow, kNow + 5, kNow + 5});
}

TEST_CASE("a clock beyond all years does not make records that look damaged") {
    HandmadeStore store;
    store.disk.set_clock(std::uint64_t{1} << 60);
    store.put("k", "v");
    store.put("k", "w");
    CHECK(store.contents() == Contents{{"k", "w"}});
    CHECK(test::damage(store.disk, kStore).empty());
}

TEST_CASE("a put in the millisecond of the one before wins") {
    HandmadeStore store;
    store.put("k", "1");
    store.put("k", "2");
    store.put("k", "3", tiny_logs());
    CHECK(store.get("k") == "3");
}

TEST_CASE("a writer leaves a note that says where it ended") {
    HandmadeStore store;
    store.put("foo", "bar");
    // magic, log, end, last timestamp, ordered from, last compaction, synced; then the checksum.
    CHECK(test::hex(store.bytes("db.lock")).substr(0, 104) ==
          "62746b6e6f746531"
          "0068e5cf8b010000"
          "1a00000000000000"
          "0068e5cf8b010000"
          "0000000000000000"
          "0000000000000000"
          "01000000");
    CHECK(store.bytes("db.lock").size() == 56);
    CHECK(store.note() == LockNote{.log = kNow,
                                   .end = 26,
                                   .last_timestamp = kNow,
                                   .ordered_from = 0,
                                   .last_compaction = 0,
                                   .synced = true});
}

TEST_CASE("a note tells when the last changes were not synced, and the next commit makes up") {
    HandmadeStore store;
    WriterOptions unsynced;
    unsynced.durability = Durability::unsynced;
    store.put("a", "1", unsynced);
    REQUIRE(store.note());
    CHECK_FALSE(store.note()->synced);
    store.put("b", "2");
    CHECK(store.note()->synced);
    test::MemoryEnvironment after = store.disk.after_power_cut({});
    CHECK(test::contents(after, kStore) == Contents{{"a", "1"}, {"b", "2"}});
}

TEST_CASE(
    "what a synced commit has stored survives a power cut, though unsynced logs came before") {
    HandmadeStore store;
    WriterOptions unsynced = tiny_logs();
    unsynced.durability = Durability::unsynced;
    store.put("a", "1", unsynced);
    store.put("b", "2", unsynced);
    store.put("c", "3");
    for (const test::PowerCut& cut : test::all_power_cuts(7)) {
        CAPTURE(test::describe(cut));
        test::MemoryEnvironment after = store.disk.after_power_cut(cut);
        CHECK(test::contents(after, kStore).contains("c"));
        // A prefix of the changes: "c" was the last, so all of them.
        CHECK(test::contents(after, kStore) == store.contents());
        CHECK(test::damage(after, kStore).empty());
    }
}

TEST_CASE("with a note, the next writer appends without a look at what the note covers") {
    HandmadeStore store;
    store.put("a", "1");
    store.put("b", "2");
    store.disk.flip(kStore, kFirstLog, 21, 0x01);  // in the value of "a"
    store.put("c", "3");
    CHECK(store.logs() == Strings{kFirstLog});
    CHECK(store.get("c") == "3");
    CHECK(store.get("b") == "2");
    CHECK(failure_of([&] { (void)store.get("a"); }).kind == ErrorKind::corrupt);
}

TEST_CASE("a note of another log, a longer log, or no note at all only costs time") {
    for (const LockNote& note :
         {LockNote{.log = 5, .end = 22}, LockNote{.log = kNow, .end = 1000},
          LockNote{.log = kNow + 1, .end = 0}, LockNote{.log = kNow, .end = 0}}) {
        CAPTURE(note.log, note.end);
        HandmadeStore store;
        store.put("a", "1");
        store.note(note);
        store.put("b", "2");
        CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}});
        CHECK(store.logs() == Strings{kFirstLog});
        CHECK(store.note()->log == kNow);
        CHECK(store.note()->end == 44);
    }
}

TEST_CASE("records behind the note's end are kept, and their time counts") {
    HandmadeStore store;
    store.put("a", "1");
    store.file(kFirstLog, store.bytes(kFirstLog) + make_record("b", "2", kNow + 500));
    store.put("b", "3");
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "3"}});
    CHECK(store.note()->last_timestamp == kNow + 500);
    CHECK(store.note()->end == 66);
}

TEST_CASE("records behind the note's end whose time runs backwards are not held for proven order") {
    HandmadeStore store;
    store.put("a", "1");
    store.file(kFirstLog, store.bytes(kFirstLog) + make_record("a", "2", kNow - 500));
    store.put("b", "3");
    CHECK(test::damage(store.disk, kStore).empty());
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "3"}});
    CHECK(store.note()->ordered_from == kNow + 1);
}

TEST_CASE("a torn tail is cut off by the next writer and reported once") {
    const bool with_note = GENERATE(true, false);
    const std::string next = make_record("k", "a longer value", kNow + 1);
    for (std::size_t cut = 1; cut < next.size(); ++cut) {
        CAPTURE(with_note, cut);
        HandmadeStore store;
        store.put("a", "1");
        const std::string whole = store.bytes(kFirstLog);
        store.file(kFirstLog, whole + next.substr(0, cut));
        if (!with_note) {
            test::remove_file(store.disk, kStore, "db.lock");
        }
        CHECK(store.contents() == Contents{{"a", "1"}});

        Strings lines;
        Writer{store.disk, kStore, warning_into(lines)};
        REQUIRE(lines.size() == 1);
        CHECK_THAT(lines.front(), ContainsSubstring(kFirstLog + ": offset 22: ") &&
                                      ContainsSubstring(std::to_string(cut) + " bytes"));
        CHECK(store.bytes(kFirstLog) == whole);

        store.put("b", "2", warning_into(lines));
        CHECK(lines.size() == 1);
        CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}});
    }
}

TEST_CASE("nothing is appended to a log that ends in damage: it is sealed") {
    HandmadeStore store;
    store.put("a", "1");
    store.put("b", "2");
    store.disk.flip(kStore, kFirstLog, 43, 0x01);
    test::remove_file(store.disk, kStore, "db.lock");
    store.put("c", "3");
    CHECK(store.logs() == Strings{"1700000000000.log", "1700000000001.active.log"});
    CHECK(store.get("a") == "1");
    CHECK(store.get("c") == "3");
}

TEST_CASE("damage is never cut off") {
    HandmadeStore store;
    store.put("a", "1");
    store.put("b", "2");
    store.disk.flip(kStore, kFirstLog, 43, 0x01);
    const std::string before = store.bytes(kFirstLog);
    Strings lines;
    store.put("c", "3", warning_into(lines));
    CHECK(lines.empty());
    CHECK(store.bytes(kFirstLog).substr(0, 44) == before);
    CHECK(failure_of([&] { (void)store.get("b"); }).kind == ErrorKind::corrupt);
}

TEST_CASE("removing a key whose newest record is lost leaves a tombstone that settles it") {
    HandmadeStore store;
    store.put("a", "1");
    store.disk.flip(kStore, kFirstLog, 21, 0x01);
    {
        Writer writer{store.disk, kStore, {}};
        CHECK(writer.remove("a"));
        writer.commit();
    }
    CHECK(store.get("a") == "(none)");
}

TEST_CASE("of several active logs only the newest goes on, the others are sealed") {
    HandmadeStore store;
    store.file("5.active.log", make_record("a", "1", 5) + "torn")
        .file("9.active.log", make_record("b", "2", 9))
        .file("7.active.log", make_record("c", "3", 7));
    store.disk.set_clock(20);
    Strings lines;
    store.put("d", "4", warning_into(lines));
    CHECK(store.logs() == Strings{"5.log", "7.log", "9.active.log"});
    CHECK(store.bytes("5.log") == make_record("a", "1", 5));
    CHECK(lines.size() == 1);
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
}

TEST_CASE("an active log that is older than a sealed one is sealed") {
    HandmadeStore store;  // as after a compaction by the reference
    store.file("5.active.log", make_record("a", "1", 5)).file("9.log", make_record("b", "2", 4));
    store.disk.set_clock(7);
    store.put("c", "3");
    CHECK(store.logs() == Strings{"10.active.log", "5.log", "9.log"});
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}, {"c", "3"}});
}

TEST_CASE("sealing a log replaces no other log") {
    // The reference gives a compacted log the time of its making, which may be an active log's.
    const bool with_note = GENERATE(false, true);
    CAPTURE(with_note);
    HandmadeStore store;
    store.file("5.log", make_record("old", "1", 3))
        .file("5.active.log", make_record("new", "2", 5));
    if (with_note) {
        store.note({.log = 5, .end = 24, .last_timestamp = 5});
    }
    store.put("more", "3", tiny_logs());
    store.put("most", "4", tiny_logs());
    CHECK(store.contents() == Contents{{"old", "1"}, {"new", "2"}, {"more", "3"}, {"most", "4"}});
}

TEST_CASE("sealing the older of two active logs replaces no other log") {
    HandmadeStore store;
    store.file("5.log", make_record("old", "1", 3))
        .file("5.active.log", make_record("new", "2", 5))
        .file("9.active.log", make_record("newest", "3", 9));
    store.put("k", "v");
    CHECK(store.contents() == Contents{{"old", "1"}, {"new", "2"}, {"newest", "3"}, {"k", "v"}});
}

TEST_CASE("leftovers of a killed compaction are removed by the next writer") {
    HandmadeStore store;
    store.put("k", "v");
    store.file("17.1.tmp", "half a log").file("99.2.tmp", "").file("other.tmp", "not ours");
    Writer{store.disk, kStore, {}};
    CHECK(store.files() == Strings{kFirstLog, "db.lock", "other.tmp"});
}

TEST_CASE("nothing is in the store before commit returns that a crash could not take back") {
    HandmadeStore store;
    store.put("a", "1");
    {
        Writer writer{store.disk, kStore, {}};
        writer.put("b", "2");
    }
    CHECK(store.contents() == Contents{{"a", "1"}});
}

TEST_CASE("after a failed write every further change throws, and the log is as before") {
    HandmadeStore store;
    store.put("a", "1");
    const std::string before = store.bytes(kFirstLog);
    FaultyEnvironment faulty{store.disk, {.fault = Fault::disk_full, .step = 0}};
    Writer writer{faulty, kStore, {}};
    writer.put("b", "2");
    CHECK_THAT(failure_of([&] { writer.commit(); }).message,
               ContainsSubstring("No space left on device"));
    REQUIRE(faulty.struck() == test::Step::write);
    CHECK(store.bytes(kFirstLog) == before);
    CHECK(failure_of([&] { writer.put("c", "3"); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.remove("a"); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.commit(); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.compact({}); }).kind == ErrorKind::io);
    CHECK(store.bytes(kFirstLog) == before);
    CHECK(store.contents() == Contents{{"a", "1"}});
}

TEST_CASE("after a failed sync nothing more is written, and the error says what it means") {
    HandmadeStore store;
    store.put("a", "1");
    FaultyEnvironment faulty{store.disk, {.fault = Fault::error_once, .step = 1}};
    Writer writer{faulty, kStore, {}};
    writer.put("b", "2");
    CHECK_THAT(failure_of([&] { writer.commit(); }).message,
               ContainsSubstring("may or may not survive"));
    REQUIRE(faulty.struck() == test::Step::sync);
    const std::string after = store.bytes(kFirstLog);
    CHECK(failure_of([&] { writer.put("c", "3"); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.commit(); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.salvage(); }).kind == ErrorKind::io);
    CHECK(store.bytes(kFirstLog) == after);
}

TEST_CASE("salvage counts the changes that had reached the log before the disk was full") {
    HandmadeStore store;
    const std::string value(100 * 1024, 'v');
    FaultyEnvironment faulty{store.disk, {.fault = Fault::disk_full, .step = 7}};
    std::uint64_t saved = 0;
    {
        Writer writer{faulty, kStore, {}};
        int begun = 0;
        const auto failure = failure_of([&] {
            for (; begun < 100; ++begun) {
                writer.put("k" + std::to_string(begun), value);
            }
        });
        CHECK(failure.kind == ErrorKind::io);
        saved = writer.salvage();
        CHECK(saved > 0);
        CHECK(saved <= static_cast<std::uint64_t>(begun));
    }
    CHECK(store.contents().size() == saved);
    test::MemoryEnvironment after = store.disk.after_power_cut({});
    CHECK(test::contents(after, kStore).size() == saved);
}

TEST_CASE("salvage counts changes across logs, at whatever step the disk became full") {
    for (std::uint64_t step = 0;; ++step) {
        CAPTURE(step);
        REQUIRE(step < 100);
        HandmadeStore store;
        FaultyEnvironment faulty{store.disk, {.fault = Fault::disk_full, .step = step}};
        bool failed = false;
        std::optional<std::uint64_t> saved;
        try {
            Writer writer{faulty, kStore, tiny_logs()};
            try {
                for (int i = 0; i < 4; ++i) {
                    writer.put("k" + std::to_string(i), "v");
                }
                writer.commit();
            } catch (const Error&) {
                failed = true;
                saved = writer.salvage();
            }
        } catch (const Error&) {
            failed = true;  // nobody can tell
        }
        if (saved) {
            CHECK(store.contents().size() == *saved);
            test::MemoryEnvironment after = store.disk.after_power_cut({});
            CHECK(test::contents(after, kStore).size() == *saved);
        }
        if (!failed) {
            break;
        }
    }
}

TEST_CASE("the note is help alone: a disk that refuses it does not fail the commit") {
    HandmadeStore store;
    store.put("a", "1");
    const std::string note = store.bytes("db.lock");
    // Step 0 writes the log, 1 syncs it, 2 writes the note.
    FaultyEnvironment faulty{
        store.disk, {.fault = Fault::error_once, .step = 2, .written = test::Written::none}};
    {
        Writer writer{faulty, kStore, {}};
        writer.put("b", "2");
        CHECK_NOTHROW(writer.commit());
    }
    REQUIRE(faulty.tripped());
    CHECK(store.bytes("db.lock") == note);
    store.put("c", "3");
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}, {"c", "3"}});
}

TEST_CASE("a tombstone behind damage of its own log is known to be newer, also once it is sealed") {
    HandmadeStore store;
    const std::string lost = test::flipped(make_record("lost", "value", kNow), 12);
    store.file("5.active.log", make_record("a", "1", kNow) + lost + make_record("gone", "", kNow));
    Writer writer{store.disk, kStore, {}};
    CHECK_FALSE(writer.remove("gone"));
    CHECK(writer.remove("a"));
}

}  // namespace
TEST_CASE("a damaged header that shows an impossible time does not spoil what is put after it") {
    HandmadeStore store;
    std::string log = make_record("aaa", std::string(50, '1'), kNow) + make_record("b", "2", kNow);
    log = test::flipped(test::flipped(log, 11, 0x55), 12, 0x55);  // timestamp and key length
    store.file("5.log", log);
    store.put("x", "confirmed");
    store.put("y", "confirmed too");
    CHECK(store.get("x") == "confirmed");
    CHECK(store.get("y") == "confirmed too");
}

TEST_CASE("a writer whose lock file was removed confirms nothing, and writes over nobody") {
    HandmadeStore store;
    store.put("a", "1");
    Writer first{store.disk, kStore, {}};
    first.put("late", "x");
    store.folder->remove("db.lock");
    store.put("confirmed", "y");
    CHECK(failure_of([&] { first.commit(); }).kind == ErrorKind::io);
    CHECK(store.contents() == Contents{{"a", "1"}, {"confirmed", "y"}});
}

TEST_CASE("a log that has grown under a writer is not written over") {
    HandmadeStore store;
    store.put("a", "1");
    const std::string before = store.bytes(kFirstLog);
    Writer writer{store.disk, kStore, {}};
    writer.put("late", "x");
    store.file(kFirstLog, before + make_record("foreign", "y", kNow));
    CHECK_THAT(failure_of([&] { writer.commit(); }).message, ContainsSubstring("another program"));
    CHECK(store.contents() == Contents{{"a", "1"}, {"foreign", "y"}});
}

TEST_CASE("a note that does not fit is replaced before the log grows to fit it") {
    HandmadeStore store;
    store.put("a", "1");
    LockNote note = *store.note();
    note.end += 1000;  // of a change that a power cut took away
    note.synced = false;
    store.note(note);
    const std::string stale = store.bytes("db.lock");
    FaultyEnvironment faulty{store.disk, {.fault = Fault::error_once, .step = 7}};
    {
        Writer writer{faulty, kStore, {}};
        writer.put("c", std::string(5000, 'c'));
        writer.commit();  // the note it leaves is not written
    }
    REQUIRE(faulty.struck() == test::Step::write);
    CHECK(store.bytes("db.lock") != stale);
    store.put("d", "1");
    CHECK(store.get("c") == std::string(5000, 'c'));
}

TEST_CASE("a value that is a log, half written into a store of others, is not read as records") {
    std::string value;
    for (int i = 0; i < 1000; ++i) {
        value += make_record("k", "phantom", kNow + 1000);
    }
    bool torn = false;
    for (std::uint64_t step = 0; step < 8; ++step) {
        HandmadeStore store;
        store.file("10.active.log", make_record("k", "real", kNow + 1000));
        FaultyEnvironment faulty{
            store.disk, {.fault = Fault::crash, .step = step, .written = test::Written::half}};
        try {
            Writer writer{faulty, kStore, {}};
            writer.put("backup", value);
            writer.commit();
        } catch (const test::Crash&) {
        }
        const std::uint64_t size = store.bytes("10.active.log").size();
        torn = torn || (size > 1000 && size < value.size());
        CHECK(store.get("k") == "real");
        store.put("other", "1");
        CHECK(store.get("k") == "real");
    }
    CHECK(torn);
}

TEST_CASE("a log that has lost what was synced is told of by the next writer") {
    HandmadeStore store;
    store.put("a", "1");
    store.put("b", "2");
    store.file(kFirstLog, store.bytes(kFirstLog).substr(0, 30));
    CHECK(store.contents() == Contents{{"a", "1"}});
    CHECK(verify(store.disk, kStore, nullptr).damage.size() == 1);
    Strings lines;
    store.put("c", "3", warning_into(lines));
    REQUIRE(lines.size() == 2);
    CHECK_THAT(lines.front(), ContainsSubstring("the log's end is missing (14 bytes"));
    CHECK(store.contents() == Contents{{"a", "1"}, {"c", "3"}});
}

}  // namespace bitask
