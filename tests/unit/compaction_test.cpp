#include "store/compaction_plan.hpp"

#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/verify.hpp"
#include "bitask/writer.hpp"
#include "keydir/hint_info.hpp"
#include "store/listing.hpp"
#include "store/write_session.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace bitask::store {
namespace {

using test::Contents;
using test::failure_of;
using test::HandmadeStore;
using test::kStore;
using test::make_record;
using test::Strings;

Recovery replay(HandmadeStore& store) {
    return recover_beside_writers(store.disk, *store.folder, Hints::ignored, {});
}

CompactionPlan plan_of(HandmadeStore& store, const CompactionOptions& options = {}) {
    const Recovery state = replay(store);
    return plan_compaction(state, state.keydir.totals(),
                           {.compaction = options, .max_log_size = kDefaultMaxLogSize});
}

Strings names_of(const std::vector<LogState>& logs) {
    Strings names;
    for (const LogState& log : logs) {
        names.push_back(log::file_name(log.name));
    }
    return names;
}

CompactionReport compact(HandmadeStore& store, const CompactionOptions& options = {},
                         std::uint64_t max_log_size = kDefaultMaxLogSize) {
    WriterOptions writer_options;
    writer_options.max_log_size = max_log_size;
    Writer writer{store.disk, kStore, writer_options};
    return writer.compact(options);
}

// 5.log holds half garbage, 7.log none, 9.log is all garbage but its tombstone's key.
HandmadeStore mixed_store() {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("b", "2", 2))
        .file("7.log", make_record("c", "3", 3))
        .file("9.log", make_record("a", "", 4) + make_record("d", "4", 5))
        .file("11.active.log", make_record("e", "5", 6));
    return store;
}

TEST_CASE("a compaction takes the logs that have garbage and keeps the others") {
    HandmadeStore store = mixed_store();
    const CompactionPlan plan = plan_of(store);
    CHECK(names_of(plan.inputs) == Strings{"5.log", "9.log"});
    CHECK(names_of(plan.kept) == Strings{"7.log", "11.active.log"});
    CHECK(plan.drops_tombstones_of({9, 0, log::LogKind::sealed}));
    CHECK(plan.bytes_after == 88);
}

TEST_CASE(
    "logs with a smaller dead share than asked for are kept, with tombstones that they need") {
    HandmadeStore store;
    store
        .file("5.log", make_record("a", "a value that is worth a lot", 1) +
                           make_record("b", std::string(100, 'x'), 2))
        .file("9.log", make_record("a", "", 4))
        .file("11.active.log", make_record("e", "5", 6));
    CHECK(plan_of(store).drops_tombstones_of({9, 0, log::LogKind::sealed}));
    const CompactionPlan plan = plan_of(store, {.min_garbage_percent = 60});
    CHECK(plan.inputs.empty());
    CHECK(plan.bytes_after == replay(store).total_bytes());

    compact(store, {.min_garbage_percent = 60});
    CHECK(store.get("a") == "(none)");
    CHECK(store.logs() == Strings{"11.active.log", "5.log", "9.log"});
}

TEST_CASE("the least dead share that is asked for is included") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("b", "2", 2))
        .file("9.active.log", make_record("a", "3", 3));
    CHECK(plan_of(store, {.min_garbage_percent = 50}).inputs.size() == 1);
    CHECK(plan_of(store, {.min_garbage_percent = 50.1}).inputs.empty());
}

TEST_CASE("while the store as a whole has too little garbage nothing is done") {
    HandmadeStore store = mixed_store();  // 43 of 131 bytes are dead
    const Strings before = store.files();
    CHECK(plan_of(store, {.if_garbage_percent = 32.8}).inputs.size() == 2);
    CHECK(plan_of(store, {.if_garbage_percent = 32.9}).inputs.empty());
    const CompactionReport report = compact(store, {.if_garbage_percent = 32.9});
    CHECK(report.rewritten.empty());
    CHECK(report.logs_written == 0);
    CHECK(report.bytes_after == report.bytes_before);
    CHECK(report.logs_kept == 4);
    CHECK(store.logs() == Strings{"11.active.log", "5.log", "7.log", "9.log"});
}

TEST_CASE("compacted logs bear the number of their newest source and a new generation") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("b", "2", 2))
        .file("6.log",
              make_record("c", "1", 3) + make_record("a", "3", 3) + make_record("c", "", 4));
    const Contents before = store.contents();
    CHECK(compact(store).logs_written == 1);
    CHECK(store.bytes("6.1.log") == make_record("a", "3", 3) + make_record("b", "2", 2));
    CHECK(store.contents() == before);
}

TEST_CASE("records stand in the order of their keys in each log that a compaction has written") {
    HandmadeStore store;
    store.file("5.log", make_record("e", "1", 1) + make_record("b", "2", 2))
        .file("6.log", make_record("d", "3", 3) + make_record("a", "4", 4))
        .file("7.log", make_record("c", "5", 5) + make_record("e", "6", 6));
    const Contents before = store.contents();
    const std::uint64_t two_records = 2 * make_record("a", "1", 1).size();
    compact(store, {.all = true}, two_records - 1);
    CHECK(store.bytes("6.1.log") == make_record("b", "2", 2) + make_record("d", "3", 3));
    CHECK(store.bytes("7.1.log") == make_record("a", "4", 4) + make_record("c", "5", 5));
    CHECK(store.bytes("7.2.log") == make_record("e", "6", 6));
    CHECK(store.contents() == before);
}

TEST_CASE("a compaction of all logs rewrites those that have nothing dead, too") {
    HandmadeStore store = mixed_store();
    CHECK(names_of(plan_of(store, {.all = true}).inputs) ==
          Strings{"5.log", "7.log", "9.log", "11.active.log"});
    CHECK(plan_of(store, {.if_garbage_percent = 32.9, .all = true}).inputs.empty());
    const Contents before = store.contents();
    CHECK(compact(store, {.all = true}).rewritten.size() == 4);
    CHECK(store.contents() == before);
}

TEST_CASE("records do not move past a log that is kept") {
    HandmadeStore store = mixed_store();
    const Contents before = store.contents();
    const CompactionReport report = compact(store);
    CHECK(report.rewritten == Strings{"5.log", "9.log"});
    CHECK(report.logs_written == 2);
    CHECK(report.logs_kept == 2);
    CHECK(report.bytes_before == 131);
    CHECK(report.bytes_after == 88);
    CHECK(report.damage.empty());
    CHECK(store.files() == Strings{"0.compaction", "0.manifest", "11.active.log", "2.hint",
                                   "5.1.log", "7.log", "9.1.log", "db.lock"});
    CHECK(store.bytes("5.1.log") == make_record("b", "2", 2));
    CHECK(store.bytes("9.1.log") == make_record("d", "4", 5));
    CHECK(store.contents() == before);

    store.put("d", "new");
    compact(store);
    CHECK(store.logs().at(2) == "7.log");
    CHECK(store.contents().at("d") == "new");
}

TEST_CASE("outputs are sealed when they have grown past the limit") {
    HandmadeStore store;
    std::string log;
    for (char key = 'a'; key <= 'j'; ++key) {
        log += make_record(std::string(1, key), "1", 1);
    }
    store.file("5.log", log + make_record("a", "2", 2))
        .file("9.active.log", make_record("z", "1", 3));
    const Contents before = store.contents();
    const CompactionReport report = compact(store, {}, 60);  // three records each
    CHECK(report.logs_written == 4);
    CHECK(store.logs() == Strings{"5.1.log", "5.2.log", "5.3.log", "5.4.log", "9.active.log"});
    CHECK(store.contents() == before);
}

TEST_CASE("the active log is sealed when it has garbage, and a new one begun") {
    HandmadeStore store;
    store.put("a", "1");
    store.put("a", "2");
    compact(store);
    CHECK(store.logs() == Strings{"1700000000000.1.log", "1700000000001.active.log"});
    store.put("b", "3");
    CHECK(store.contents() == Contents{{"a", "2"}, {"b", "3"}});
}

TEST_CASE("a store without garbage is left as it is") {
    HandmadeStore store;
    store.put("a", "1");
    const std::string note = store.bytes("db.lock");
    const CompactionReport report = compact(store);
    CHECK(report.rewritten.empty());
    CHECK(store.logs() == Strings{"1700000000000.active.log"});
    CHECK(store.bytes("db.lock") == note);
}

TEST_CASE("a record keeps winning ties of equal timestamps against all that it won against") {
    HandmadeStore store;
    // All in one millisecond. Only 5.log and 9.log are compacted: 7.log is mostly live.
    store.file("5.log", make_record("a", "old", 1) + make_record("only5", "x", 1))
        .file("7.log", make_record("a", "newer", 1) + make_record("b", "older", 1) +
                           make_record("big", std::string(1000, 'x'), 1))
        .file("9.log", make_record("b", "newer", 1) + make_record("a", "newest", 1) +
                           make_record("c", "1", 1) + make_record("c", "2", 1))
        .file("11.active.log", make_record("z", "1", 1));
    const Contents before = store.contents();
    CHECK(before.at("a") == "newest");
    const CompactionReport report = compact(store, {.min_garbage_percent = 20});
    CHECK(report.rewritten == Strings{"5.log", "9.log"});
    CHECK(store.contents() == before);
    test::remove_file(store.disk, kStore, "db.lock");
    CHECK(store.contents() == before);
}

TEST_CASE("tombstones go when nothing older than they are is left") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("b", "2", 2))
        .file("9.log", make_record("a", "", 3))
        .file("11.active.log", make_record("b", "", 4));
    const CompactionReport report = compact(store);
    CHECK(report.logs_written == 0);
    CHECK(report.bytes_after == 0);
    CHECK(store.contents().empty());
    for (const std::string& log : store.logs()) {
        CHECK(store.bytes(log).empty());
    }
}

TEST_CASE("tombstones stay while a damaged place may hold an older record") {
    HandmadeStore store;
    store.file("5.log", test::flipped(make_record("a", "1", 1), 21) + make_record("b", "2", 2))
        .file("9.log", make_record("a", "", 3))
        .file("11.active.log", make_record("c", "1", 4));
    const CompactionReport report = compact(store);
    CHECK(report.damage.size() == 1);
    CHECK(report.rewritten.empty());
    CHECK(store.get("a") == "(none)");
    CHECK(store.bytes("9.log") == make_record("a", "", 3));
}

TEST_CASE("a damaged log is kept as it is") {
    HandmadeStore store;
    const std::string damaged =
        test::flipped(make_record("a", "1", 1), 21) + make_record("b", "2", 2);
    store.file("5.log", damaged)
        .file("9.log", make_record("b", "3", 3) + make_record("c", "4", 4))
        .file("11.active.log", make_record("c", "5", 5));
    const CompactionReport report = compact(store);
    CHECK(report.damage == Strings{"5.log: offset 0: the record's checksum does not match"
                                   " (22 bytes)"});
    CHECK(report.rewritten == Strings{"9.log"});
    CHECK(store.bytes("5.log") == damaged);
    CHECK(store.get("b") == "3");
    CHECK(store.get("c") == "5");
}

TEST_CASE("damage that no scan of one log can see does not stop the compaction of others") {
    // In a range that the note proves to be in order, a timestamp runs backwards.
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 9) + make_record("a", "2", 2))
        .file("7.log", make_record("b", "1", 9) + make_record("b", "2", 10))
        .file("11.active.log", make_record("c", "1", 11))
        .note({.log = 11, .end = 22, .last_timestamp = 11});
    const CompactionReport report = compact(store);
    CHECK_FALSE(report.damage.empty());
    CHECK(report.rewritten == Strings{"7.log"});
    CHECK(store.bytes("5.log").size() == 44);
}

TEST_CASE("empty sealed logs are removed") {
    HandmadeStore store;
    store.file("5.log", "").file("7.log", make_record("a", "1", 1)).file("9.active.log", "");
    const CompactionReport report = compact(store);
    CHECK(report.rewritten == Strings{"5.log"});
    CHECK(report.logs_written == 0);
    CHECK(store.logs() == Strings{"7.log", "9.active.log"});
}

TEST_CASE("an empty store can be compacted") {
    HandmadeStore store;
    store.file("db.lock", "");
    const CompactionReport report = compact(store);
    CHECK(report.bytes_before == 0);
    CHECK(report.bytes_after == 0);
    CHECK(store.files() == Strings{"0.compaction", "db.lock"});
}

TEST_CASE("logs that share a number are compacted without losing either") {
    // The reference may give its compacted log the number of the active one.
    HandmadeStore store;
    store.file("5.log", make_record("old", "1", 3) + make_record("x", "1", 3))
        .file("5.active.log",
              make_record("new", "2", 5) + make_record("x", "2", 5) + make_record("x", "3", 6));
    compact(store);
    CHECK(store.contents() == Contents{{"old", "1"}, {"new", "2"}, {"x", "3"}});
}

TEST_CASE("the note knows when the last compaction was") {
    HandmadeStore store;
    store.put("a", "1");
    store.put("a", "2");
    store.disk.set_clock(test::kNow + 777);
    compact(store);
    CHECK(store.note()->last_compaction == test::kNow + 777);
    store.put("b", "1");
    CHECK(store.note()->last_compaction == test::kNow + 777);
    CHECK(Reader{store.disk, kStore}.statistics().last_compaction == test::kNow + 777);
}

TEST_CASE("what was not committed yet is in the store after a compaction") {
    HandmadeStore store;
    Writer writer{store.disk, kStore, {}};
    writer.put("a", "1");
    writer.put("a", "2");
    writer.put("b", "3");
    writer.compact({});
    CHECK(store.contents() == Contents{{"a", "2"}, {"b", "3"}});
    CHECK(writer.remove("a"));
    writer.put("c", "4");
    writer.commit();
    CHECK(store.contents() == Contents{{"b", "3"}, {"c", "4"}});
}

TEST_CASE("a full disk during a compaction costs nothing but the compaction") {
    for (std::uint64_t step = 0;; ++step) {
        CAPTURE(step);
        REQUIRE(step < 200);
        HandmadeStore store = mixed_store();
        const Contents before = store.contents();
        test::FaultyEnvironment faulty{store.disk, {.fault = test::Fault::disk_full, .step = step}};
        try {
            Writer writer{faulty, kStore, {}};
            writer.compact({});
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::io);
        }
        CHECK(store.contents() == before);
        CHECK(verify(store.disk, kStore, nullptr).damage.empty());
        store.put("next", "1");
        for (const std::string& name : store.files()) {
            CHECK_FALSE(name.ends_with(".tmp"));
        }
        if (!faulty.tripped()) {
            break;
        }
    }
}

TEST_CASE("any store has the same contents after a compaction, and after the next ones") {
    const auto seed = GENERATE(range(1U, 41U));
    CAPTURE(seed);
    std::mt19937 chance{seed};
    HandmadeStore store;
    Contents expected;
    for (int session = 0; session < 6; ++session) {
        WriterOptions options;
        options.max_log_size = 100;
        Writer writer{store.disk, kStore, options};
        for (int i = 0; i < 20; ++i) {
            const std::string key(1, static_cast<char>('a' + chance() % 8));
            if (chance() % 3 == 0) {
                CHECK(writer.remove(key) == (expected.erase(key) == 1));
            } else {
                expected[key] = std::to_string(chance());
                writer.put(key, expected[key]);
            }
            store.disk.set_clock(test::kNow + chance() % 3);
        }
        writer.commit();
        writer.compact({.min_garbage_percent = static_cast<double>(chance() % 100)});
        CHECK(store.contents() == expected);
    }
    compact(store);
    CHECK(store.contents() == expected);
    CHECK(verify(store.disk, kStore, nullptr).damage.empty());
    test::remove_file(store.disk, kStore, "db.lock");
    CHECK(store.contents() == expected);
    CHECK(Reader{store.disk, kStore}.statistics().dead_bytes == 0);
}

TEST_CASE("a preview says what a compaction would do, and changes nothing") {
    namespace fs = std::filesystem;
    const fs::path path = fs::temp_directory_path() / "bitask-preview-test";
    fs::remove_all(path);
    {
        Writer writer{path.string(), {}};
        writer.put("a", "1");
        writer.put("a", "2");
        writer.commit();
    }
    std::ofstream{path / "17.1.tmp"} << "a leftover";
    std::vector<std::pair<std::string, std::uintmax_t>> before;
    for (const auto& entry : fs::directory_iterator{path}) {
        before.emplace_back(entry.path().string(), entry.file_size());
    }
    const CompactionReport report = preview_compaction(path.string(), {});
    CHECK(report.rewritten.size() == 1);
    CHECK(report.bytes_before == 44);
    CHECK(report.bytes_after == 22);
    CHECK(report.logs_written == 0);
    std::vector<std::pair<std::string, std::uintmax_t>> after;
    for (const auto& entry : fs::directory_iterator{path}) {
        after.emplace_back(entry.path().string(), entry.file_size());
    }
    CHECK(after == before);
    fs::remove_all(path);
    CHECK(failure_of([&] { (void)preview_compaction(path.string(), {}); }).kind == ErrorKind::io);
    CHECK_FALSE(fs::exists(path));
}

}  // namespace
TEST_CASE("a compaction does not settle a doubt by moving an older record behind the damage") {
    HandmadeStore store;
    const std::string damaged = make_record("k", "new", 10) + make_record("m", "1", 10);
    store.file("1.log", make_record("k", "old", 10) + make_record("g", "1", 10))
        .file("2.log", test::flipped(damaged, 22))
        .file("3.log",
              make_record("g", "2", 10) + make_record("h", "1", 10) + make_record("h", "2", 10))
        .file("4.active.log", "")
        .note({.log = 4, .end = 0, .last_timestamp = 10, .ordered_from = 0, .synced = true});
    REQUIRE(failure_of([&] { (void)store.get("k"); }).kind == ErrorKind::corrupt);
    compact(store, {.min_garbage_percent = 1});
    CHECK(failure_of([&] { (void)store.get("k"); }).kind == ErrorKind::corrupt);
}

TEST_CASE("a compaction does not bring old disorder among records that are in order") {
    HandmadeStore store;
    store.file("1.log", make_record("k", "1", 50))
        .file("2.log", make_record("k", "2", 30) + make_record("x", "1", 30))
        .file("3.log", make_record("k", "3", 20) + make_record("y", "1", 20))
        .file("4.active.log", "");
    store.put("k", "n");
    const Contents before = store.contents();
    compact(store, {.min_garbage_percent = 90});
    CHECK(verify(store.disk, kStore, nullptr).damage.empty());
    CHECK(store.contents() == before);
}

// Each beginning of a compaction makes another hint, and merges none.
void leave_hints(HandmadeStore& store, int count) {
    for (int i = 0; i < count; ++i) {
        store.put("key" + std::to_string(i), "value");
        static_cast<void>(
            WriteSession{store.disk, kStore, {}}.begin_compaction(true, Hints::trusted));
    }
    REQUIRE(Reader{store.disk, kStore}.statistics().hints == static_cast<std::uint64_t>(count));
}

TEST_CASE("a compaction that has nothing to rewrite leaves one hint where there were many") {
    HandmadeStore store;
    leave_hints(store, 12);
    const Contents before = store.contents();
    const CompactionReport report = compact(store);
    CHECK(report.rewritten.empty());
    CHECK(report.logs_written == 0);
    CHECK_FALSE(report.stopped);
    CHECK(report.bytes_before == report.bytes_after);
    CHECK(Reader{store.disk, kStore}.statistics().hints == 1);
    CHECK(store.contents() == before);
    CHECK(verify(store.disk, kStore, nullptr).damage.empty());
    const Strings files = store.files();
    compact(store);  // has nothing left to do
    CHECK(store.files() == files);
}

TEST_CASE(
    "a compaction merges no hints that are as few as writers leave, or of too little garbage") {
    const bool few = GENERATE(true, false);
    HandmadeStore store;
    leave_hints(store, few ? 8 : 9);
    CompactionOptions options;
    options.if_garbage_percent = few ? 0 : 1;
    compact(store, options);
    CHECK(Reader{store.disk, kStore}.statistics().hints == (few ? 8 : 9));
}

TEST_CASE("merged hints do not take the place of others that are gone meanwhile") {
    HandmadeStore store;
    leave_hints(store, 9);
    const Contents before = store.contents();
    WriteSession session{store.disk, kStore, {}};
    const Recovery state = session.begin_compaction(false, Hints::trusted);
    REQUIRE(state.manifest);
    const keydir::Totals totals = state.keydir.totals();
    store.folder->remove(keydir::hint_file_name(state.manifest->hints.front().number));
    CompactedLogs logs;
    logs.hint = CompactedLogs::Hint{"9.9.log.tmp", state.manifest->hints.front()};
    logs.renews_hints = true;
    CHECK_FALSE(session.finish_compaction(logs, state.manifest->hints, totals));
    session.commit();
    CHECK(store.contents() == before);
}

}  // namespace bitask::store
