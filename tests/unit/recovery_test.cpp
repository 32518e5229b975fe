#include "store/recovery.hpp"

#include "bitask/error.hpp"
#include "bitask/progress.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;
using test::Contents;
using test::failure_of;
using test::HandmadeStore;
using test::make_record;
using test::Strings;

Recovery replay(HandmadeStore& store, Progress* progress = nullptr) {
    return recover_beside_writers(store.disk, *store.folder, Hints::ignored,
                                  {.thorough = false, .all_logs = true, .progress = progress});
}

Strings descriptions(const std::vector<log::Damage>& damage) {
    Strings lines;
    for (const log::Damage& place : damage) {
        lines.push_back(place.describe());
    }
    return lines;
}

TEST_CASE(
    "of a key's records the one with the highest timestamp is current, then log, then offset") {
    HandmadeStore store;
    store
        .file("5.log", make_record("time", "newest", 9) + make_record("log", "old", 3) +
                           make_record("offset", "old", 3) + make_record("offset", "newest", 3))
        .file("7.2.log", make_record("time", "old", 8) + make_record("log", "newest", 3) +
                             make_record("generation", "newest", 4))
        .file("7.1.log", make_record("generation", "old", 4))
        .file("9.active.log", make_record("time", "older", 1));
    CHECK(store.contents() == Contents{{"time", "newest"},
                                       {"log", "newest"},
                                       {"offset", "newest"},
                                       {"generation", "newest"}});
    const Recovery state = replay(store);
    CHECK(state.records == 9);
    CHECK(state.last_timestamp == 9);
    CHECK(state.damage.empty());
    REQUIRE(state.logs.size() == 4);
    CHECK(log::file_name(state.logs[1].name) == "7.1.log");
    CHECK(log::file_name(state.logs[2].name) == "7.2.log");
}

TEST_CASE("logs are read in the order of their numbers, not of their spelling") {
    HandmadeStore store;
    store.file("10.log", make_record("k", "newer", 1)).file("9.log", make_record("k", "older", 1));
    CHECK(store.get("k") == "newer");
}

TEST_CASE("a store that the reference compacted is read right") {
    // Live records of the older logs, in a log with a higher number than the active one's.
    HandmadeStore store;
    store.file("20.active.log", make_record("a", "new", 30) + make_record("b", "", 31))
        .file("25.log", make_record("a", "old", 10) + make_record("b", "gone", 11) +
                            make_record("c", "kept", 12));
    CHECK(store.contents() == Contents{{"a", "new"}, {"c", "kept"}});
    const Recovery state = replay(store);
    CHECK(state.damage.empty());
    CHECK(state.ordered_from == 26);
}

TEST_CASE("records that exist twice, as after a killed compaction, change nothing") {
    HandmadeStore store;
    const std::string a = make_record("a", "1", 1);
    const std::string b = make_record("b", "2", 2);
    store.file("5.log", a + make_record("x", "1", 1) + b)
        .file("7.log", make_record("x", "", 3))
        .file("5.1.log", a + b)
        .file("9.active.log", "");
    CHECK(store.contents() == Contents{{"a", "1"}, {"b", "2"}});
    const Recovery state = replay(store);
    CHECK(state.keydir.totals().live_keys == 2);
    CHECK(state.keydir.totals().live_bytes == a.size() + b.size());
    CHECK(state.damage.empty());
    CHECK(state.ordered_from == 10);
}

TEST_CASE("without a note nothing is known to be in order") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 9) + make_record("a", "2", 8))
        .file("7.active.log", make_record("b", "1", 10));
    const Recovery state = replay(store);
    CHECK(state.damage.empty());
    CHECK(state.ordered_from == 8);
    CHECK(store.get("a") == "1");
}

TEST_CASE("damage that shows no time may be as new as the record that follows it") {
    HandmadeStore store;
    store.file("10.log", make_record("k", "old", 10) + make_record("a", "1", 11))
        .file("20.log", std::string(23, '\xFF') + make_record("b", "2", 21));
    const Recovery state = replay(store);
    REQUIRE(state.damage.size() == 1);
    CHECK(state.damage.front().timestamp == 21);
    CHECK(state.doubt("k", state.keydir.find("k")) != nullptr);
    CHECK(state.doubt("b", state.keydir.find("b")) == nullptr);
}

TEST_CASE(
    "in a log that a compaction has written, damage may be as new as what is behind the log") {
    HandmadeStore store;
    store.file("10.log", make_record("k", "old", 35))
        .file("20.1.log",
              std::string(23, '\xFF') + make_record("a", "1", 15) + make_record("b", "2", 30))
        .file("40.log", make_record("c", "3", 41) + make_record("d", "4", 42));
    const Recovery state = replay(store);
    REQUIRE(state.damage.size() == 1);
    CHECK(state.damage.front().timestamp == 41);
    CHECK(state.doubt("k", state.keydir.find("k")) != nullptr);
    CHECK(state.doubt("d", state.keydir.find("d")) == nullptr);
}

TEST_CASE("damage that nothing follows may be newer than all there is") {
    HandmadeStore store;
    store.file("10.log", make_record("k", "old", 10) + std::string(40, '\xFF'));
    const Recovery state = replay(store);
    REQUIRE(state.damage.size() == 1);
    CHECK_FALSE(state.damage.front().timestamp);
    CHECK(state.doubt("k", state.keydir.find("k")) != nullptr);
}

TEST_CASE("timestamps that run backwards in a range that was proven are damage") {
    HandmadeStore store;
    store
        .file("5.log",
              make_record("a", "1", 9) + make_record("a", "2", 8) + make_record("b", "1", 9))
        .file("7.active.log", make_record("c", "1", 10))
        .note({.log = 7, .end = 22, .last_timestamp = 10});
    const Recovery state = replay(store);
    CHECK(descriptions(state.damage) ==
          Strings{"5.log: offset 0: timestamps run backwards, one is damaged (22 bytes)",
                  "5.log: offset 22: timestamps run backwards, one is damaged (22 bytes)"});
    CHECK(failure_of([&] { (void)store.get("a"); }).kind == ErrorKind::corrupt);
    CHECK(store.get("b") == "1");
    CHECK(store.get("c") == "1");
}

TEST_CASE("a damaged timestamp is one damaged place, however many records follow of its key") {
    HandmadeStore store;
    store
        .file("5.active.log", make_record("a", "1", 1'000'000) + make_record("a", "2", 2) +
                                  make_record("a", "3", 3))
        .note({.log = 5, .end = 66, .last_timestamp = 3});
    const Strings lines = descriptions(replay(store).damage);
    CHECK(std::set<std::string>(lines.begin(), lines.end()).size() == lines.size());
}

TEST_CASE("a newer record puts an end to the doubt about timestamps that ran backwards") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 9) + make_record("a", "2", 8))
        .file("7.active.log", make_record("c", "1", 10))
        .note({.log = 7, .end = 22, .last_timestamp = 10});
    store.put("a", "3");
    CHECK(store.get("a") == "3");
}

TEST_CASE("disorder behind the note's end, or before its range, is no damage") {
    const LockNote note = GENERATE(LockNote{.log = 5, .end = 22, .ordered_from = 0},
                                   LockNote{.log = 5, .end = 44, .ordered_from = 6},
                                   LockNote{.log = 4, .end = 44, .ordered_from = 0});
    HandmadeStore store;
    store.file("5.active.log", make_record("a", "1", 9) + make_record("a", "2", 8)).note(note);
    const Recovery state = replay(store);
    CHECK(state.damage.empty());
    CHECK(state.ordered_from == 6);
    CHECK(store.get("a") == "1");
}

TEST_CASE("what the note knows and the logs do not is kept") {
    HandmadeStore store;
    store.file("5.active.log", make_record("a", "1", 9))
        .note({.log = 5, .end = 22, .last_timestamp = 700, .last_compaction = 600});
    const Recovery state = replay(store);
    CHECK(state.last_timestamp == 700);
    CHECK(state.last_compaction == 600);
}

TEST_CASE("a torn tail is no damage, and does not count to the log's size") {
    HandmadeStore store;
    store.file("5.active.log", make_record("a", "1", 9) + "torn");
    const Recovery state = replay(store);
    CHECK(state.damage.empty());
    REQUIRE(state.torn_tails.size() == 1);
    CHECK(state.torn_tails.front().size == 4);
    CHECK(state.total_bytes() == 22);
}

TEST_CASE("what a note says about a log depends on the log's kind, number and size") {
    const LogName active{7, 0, LogKind::active};
    const LockNote note{.log = 7, .end = 100};

    const auto sealed = bounds_of({7, 0, LogKind::sealed}, 50, note, false);
    CHECK(sealed.complete_up_to == 50);
    CHECK_FALSE(sealed.clean_end);

    const auto without = bounds_of(active, 150, std::nullopt, true);
    CHECK(without.size == 150);
    CHECK(without.complete_up_to == 0);
    CHECK_FALSE(without.clean_end);
    CHECK(without.thorough);

    const auto with = bounds_of(active, 150, note, false);
    CHECK(with.complete_up_to == 100);
    CHECK(with.clean_end == 100);

    const auto shorter = bounds_of(active, 99, note, false);
    CHECK(shorter.complete_up_to == 0);
    CHECK_FALSE(shorter.clean_end);

    const auto newer = bounds_of({8, 0, LogKind::active}, 150, note, false);
    CHECK(newer.complete_up_to == 0);
    CHECK(newer.clean_end == 0);

    const auto older = bounds_of({6, 0, LogKind::active}, 150, note, false);
    CHECK(older.complete_up_to == 0);
    CHECK_FALSE(older.clean_end);
}

TEST_CASE("a lost record makes its key doubtful until a newer one is known") {
    HandmadeStore store;
    store
        .file("5.log", make_record("a", "old", 1) + test::flipped(make_record("a", "lost", 2), 23) +
                           make_record("b", "1", 3) + make_record("c", "1", 3))
        .file("7.active.log", make_record("c", "2", 4));
    const Recovery state = replay(store);
    REQUIRE(state.damage.size() == 1);
    CHECK(state.doubt("a", state.keydir.find("a")) == &state.damage.front());
    CHECK(state.doubt("b", state.keydir.find("b")) == nullptr);
    CHECK(state.doubt("never", std::nullopt) == nullptr);
    store.put("a", "new");
    CHECK(store.get("a") == "new");
}

TEST_CASE("records that were lost without a name make doubtful what is older than they are") {
    HandmadeStore store;
    store.file("5.log", make_record("before", "1", 1) + std::string(60, '\xEE') +
                            make_record("after", "1", 2));
    const Recovery state = replay(store);
    REQUIRE(state.damage.size() == 1);
    CHECK(state.doubt("before", state.keydir.find("before")) != nullptr);
    CHECK(state.doubt("never", std::nullopt) != nullptr);
    CHECK(state.doubt("after", state.keydir.find("after")) == nullptr);
    CHECK(state.has_damage({5, 0, LogKind::sealed}));
    CHECK_FALSE(state.has_damage({5, 1, LogKind::sealed}));
}

TEST_CASE("a log that is gone when it is to be read makes the replay start over") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1));
    CHECK_FALSE(recover(store.disk, *store.folder,
                        {{5, 0, LogKind::sealed}, {6, 0, LogKind::sealed}}, std::nullopt, {}));
    // An active log that has been sealed meanwhile is not gone.
    CHECK(recover(store.disk, *store.folder, {{5, 0, LogKind::active}}, std::nullopt, {}));
}

TEST_CASE("a folder without logs and lock file is no store") {
    HandmadeStore store;
    store.file("readme", "x").file("17.txt", "y");
    const auto failure = failure_of([&] { (void)replay(store); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK(failure.message == "no store in \"/kv\"");
}

class Steps final : public Progress {
public:
    void advance(std::uint64_t done_bytes, std::uint64_t total_bytes) override {
        CHECK(done_bytes >= last);
        CHECK(done_bytes <= total_bytes);
        last = done_bytes;
        total = total_bytes;
    }
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};

TEST_CASE("progress grows to the size of all logs") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("b", "2", 2))
        .file("7.active.log", make_record("c", "3", 3) + "torn");
    Steps steps;
    (void)replay(store, &steps);
    CHECK(steps.last == 70);
    CHECK(steps.total == 70);
}

}  // namespace
}  // namespace bitask::store
