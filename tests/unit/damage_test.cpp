#include "log/damage.hpp"

#include "log/log_scanner.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::log {
namespace {

using Catch::Matchers::ContainsSubstring;
using test::flipped;
using test::HandmadeStore;
using test::make_record;
using test::Strings;
using Step = LogScanner::Step;

constexpr std::size_t kTimestampAt = 4;
constexpr std::size_t kLengthsAt = 12;
constexpr std::size_t kPayloadAt = 20;

// What a walk over a log has met.
struct Walk {
    Strings keys;  // of whole records
    std::vector<Damage> damage;
    std::vector<Damage> torn;

    // The one damaged place that there should be.
    [[nodiscard]] const Damage& only() const {
        REQUIRE(damage.size() == 1);
        REQUIRE(torn.empty());
        return damage.front();
    }
};

enum class Log { sealed, active };

struct Known {
    Log log = Log::sealed;
    std::optional<std::uint64_t> note_end;
    bool thorough = false;
};

Walk walk(const std::string& bytes, const Known& known = {}) {
    HandmadeStore store;
    store.file("17.log", bytes);
    const auto file = store.folder->open("17.log", io::Access::read);
    const Bounds bounds{
        .size = bytes.size(),
        .complete_up_to = known.log == Log::sealed ? bytes.size() : known.note_end.value_or(0),
        .clean_end = known.log == Log::sealed ? std::nullopt : known.note_end,
        .thorough = known.thorough};
    LogScanner scanner{*file, {17, 0, LogKind::sealed}, bounds};
    Walk met;
    for (Step step = scanner.next(); step != Step::end; step = scanner.next()) {
        switch (step) {
            case Step::record: met.keys.emplace_back(scanner.key()); break;
            case Step::damage: met.damage.push_back(scanner.damage()); break;
            case Step::torn_tail: met.torn.push_back(scanner.damage()); break;
            case Step::end: break;
        }
    }
    return met;
}

const std::string kBefore = make_record("before", "1", 1000);
const std::string kHit = make_record("victim", "a value of some length", 1001);
const std::string kAfter = make_record("after", "3", 1002);

TEST_CASE("one damaged byte costs its own record alone, wherever it is and whatever it becomes") {
    for (std::size_t at = 0; at < kHit.size(); ++at) {
        if (at >= kTimestampAt && at < kLengthsAt) {
            continue;  // a plausible timestamp is not covered by anything
        }
        for (const unsigned mask : {0x01U, 0x02U, 0x10U, 0x80U, 0xFFU}) {
            CAPTURE(at, mask);
            const Walk met = walk(kBefore + flipped(kHit, at, mask) + kAfter);
            CHECK(met.keys == Strings{"before", "after"});
            const Damage& damage = met.only();
            CHECK(damage.place.offset == kBefore.size());
            CHECK(damage.size == kHit.size());
            CHECK(damage.may_hold("victim"));
            CHECK_FALSE(damage.may_hold("bystander"));
        }
    }
}

TEST_CASE("a damaged byte in the last record of an active log is damage where a note covers it") {
    const std::string log = kBefore + kHit;
    for (std::size_t at = 0; at < kHit.size(); ++at) {
        if (at >= kTimestampAt && at < kLengthsAt) {
            continue;
        }
        for (const bool thorough : {false, true}) {
            CAPTURE(at, thorough);
            const Walk met =
                walk(kBefore + flipped(kHit, at, 0x41), {Log::active, log.size(), thorough});
            CHECK(met.keys == Strings{"before"});
            CHECK(met.only().may_hold("victim"));
            CHECK(met.only().size == kHit.size());
        }
    }
}

TEST_CASE("a timestamp that no clock shows is damage, and the record's key is known") {
    const Walk met = walk(kBefore + flipped(kHit, kTimestampAt + 7, 0x40) + kAfter);
    CHECK(met.keys == Strings{"before", "after"});
    CHECK_THAT(met.only().reason, ContainsSubstring("timestamp"));
    CHECK_FALSE(met.only().timestamp);
    CHECK(met.only().keys == Strings{"victim"});
}

TEST_CASE("a damaged value leaves the record's time and key to be trusted") {
    const Walk met = walk(kBefore + flipped(kHit, kPayloadAt + 10) + kAfter);
    CHECK(met.only().timestamp == 1001);
    CHECK(met.only().may_hold("victim"));
    CHECK_FALSE(met.only().may_hold("victin"));
}

TEST_CASE("a damaged key is found by trying which key makes the checksum right") {
    const Walk met = walk(kBefore + flipped(kHit, kPayloadAt + 5, 0x03) + kAfter);
    CHECK(met.only().may_hold("victim"));
    CHECK(met.only().may_hold("victin"));  // what stands there may be right, the value wrong
    CHECK_FALSE(met.only().may_hold("victix"));
}

TEST_CASE("a damaged length whose true key length is in doubt names every possible key") {
    const Walk met = walk(kBefore + flipped(kHit, kLengthsAt, 0x02) + kAfter);  // 6 becomes 4
    CHECK_THAT(met.only().reason, ContainsSubstring("length"));
    CHECK(met.only().may_hold("victim"));
    CHECK(met.only().may_hold("vict"));
}

TEST_CASE("where nothing but rubbish stands, any key may have been lost") {
    const std::string rubbish = std::string(100, '\xEE');
    const Walk met = walk(kBefore + rubbish + kAfter);
    CHECK(met.keys == Strings{"before", "after"});
    CHECK(met.only().size == rubbish.size());
    CHECK_FALSE(met.only().timestamp);
    CHECK_FALSE(met.only().names_its_keys());
    CHECK(met.only().may_hold("anything"));
    CHECK(met.only().may_hold(std::string(80, 'k')));
    CHECK_FALSE(met.only().may_hold(std::string(81, 'k')));  // would not fit there
}

TEST_CASE("a sealed log that ends early is damaged, for a sealed log was complete") {
    for (std::size_t cut = 1; cut < kHit.size(); ++cut) {
        CAPTURE(cut);
        const Walk met = walk(kBefore + kHit.substr(0, cut));
        CHECK(met.keys == Strings{"before"});
        CHECK(met.only().size == cut);
    }
}

TEST_CASE("an active log that ends early has a torn tail where no note covers it") {
    const std::optional<std::uint64_t> note =
        GENERATE(std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{kBefore.size()},
                 std::optional<std::uint64_t>{0});
    const bool thorough = GENERATE(false, true);
    for (std::size_t cut = 1; cut < kHit.size(); ++cut) {
        CAPTURE(cut, note.has_value(), thorough);
        const Walk met = walk(kBefore + kHit.substr(0, cut), {Log::active, note, thorough});
        CHECK(met.keys == Strings{"before"});
        CHECK(met.damage.empty());
        REQUIRE(met.torn.size() == 1);
        CHECK(met.torn.front().place.offset == kBefore.size());
        CHECK(met.torn.front().size == cut);
    }
}

TEST_CASE("an active log that ends before what a note covers is damaged, not torn") {
    const std::string log = kBefore + kHit;
    for (std::size_t cut = 1; cut < kHit.size(); ++cut) {
        CAPTURE(cut);
        // The note covers more bytes of this log than are left of the record.
        const Walk met =
            walk(log.substr(0, kBefore.size() + cut), {Log::active, kBefore.size() + 1, false});
        CHECK(met.torn.empty());
        CHECK(met.damage.size() == 1);
    }
}

TEST_CASE("a tail of zeros at the end of an active log is torn, in a sealed one damaged") {
    const std::size_t zeros = GENERATE(1UL, 19UL, 20UL, 21UL, 4096UL, 100'000UL);
    CAPTURE(zeros);
    const std::string log = kBefore + std::string(zeros, '\0');
    const Walk active = walk(log, {Log::active, {}, true});
    CHECK(active.keys == Strings{"before"});
    CHECK(active.damage.empty());
    REQUIRE(active.torn.size() == 1);
    CHECK(active.torn.front().size == zeros);
    CHECK(walk(log).only().size == zeros);
}

TEST_CASE("a last record of full length that ends in zeros was never written whole") {
    std::string log = kBefore + make_record("victim", std::string(100, 'v'), 1001);
    for (std::size_t zeros = 16; zeros <= 100; zeros += 21) {
        CAPTURE(zeros);
        log.replace(log.size() - zeros, zeros, zeros, '\0');
        const Walk met = walk(log, {Log::active, {}, true});
        CHECK(met.keys == Strings{"before"});
        CHECK(met.damage.empty());
        CHECK(met.torn.size() == 1);
        CHECK(walk(log, {Log::active, log.size(), true}).damage.size() == 1);
    }
}

TEST_CASE("a last record of full length with wrong bytes is torn only behind the note's end") {
    const std::string log = kBefore + flipped(kHit, kPayloadAt + 8);
    CHECK(walk(log, {Log::active, kBefore.size(), true}).torn.size() == 1);
    CHECK(walk(log, {Log::active, log.size(), true}).damage.size() == 1);
    CHECK(walk(log, {Log::active, {}, true}).damage.size() == 1);
    CHECK(walk(log).damage.size() == 1);
}

TEST_CASE("a damaged record that others follow is damage, behind the note's end too") {
    const std::string log = kBefore + flipped(kHit, kPayloadAt + 8) + kAfter;
    const Walk met = walk(log, {Log::active, kBefore.size(), true});
    CHECK(met.keys == Strings{"before", "after"});
    CHECK(met.only().size == kHit.size());
}

TEST_CASE("a damaged length behind the note's end is looked into by the thorough alone") {
    const std::string log = kBefore + flipped(kHit, kLengthsAt + 6) + kAfter;
    const Walk quick = walk(log, {Log::active, kBefore.size(), false});
    CHECK(quick.keys == Strings{"before"});
    CHECK(quick.torn.size() == 1);
    const Walk thorough = walk(log, {Log::active, kBefore.size(), true});
    CHECK(thorough.keys == Strings{"before", "after"});
    CHECK(thorough.damage.size() == 1);
}

// A value that is itself a log, as a backup of one is.
const std::string kInner = make_record("inner", "ghost", 1) + make_record("inner2", "ghost", 2);
const std::string kOuter = make_record("backup", kInner, 1001);

bool has_ghost(const Walk& met) {
    return std::ranges::any_of(
        met.keys, [](const std::string& key) { return key != "before" && key != "after"; });
}

TEST_CASE("an unfinished record whose value holds records does not bring them to life") {
    for (std::size_t cut = 1; cut < kOuter.size(); ++cut) {
        for (const bool thorough : {false, true}) {
            CAPTURE(cut, thorough);
            const std::string log = kBefore + kOuter.substr(0, cut);
            for (const Walk& met : {walk(log, {Log::active, {}, thorough}),
                                    walk(log, {Log::active, kBefore.size(), thorough})}) {
                CHECK_FALSE(has_ghost(met));
                CHECK(met.torn.size() == 1);
                CHECK(met.damage.empty());
            }
        }
    }
}

TEST_CASE("one damaged byte in a record whose value holds records does not bring them to life") {
    for (const std::string& behind : {kAfter, std::string{}}) {
        for (std::size_t at = 0; at < kOuter.size(); ++at) {
            if (at >= kTimestampAt && at < kLengthsAt) {
                continue;
            }
            for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
                CAPTURE(behind.size(), at, mask);
                const Walk met = walk(kBefore + flipped(kOuter, at, mask) + behind);
                CHECK_FALSE(has_ghost(met));
                CHECK(met.keys.size() == (behind.empty() ? 1 : 2));
                CHECK(met.only().may_hold("backup"));
            }
        }
    }
}

TEST_CASE("a damaged value in front of a torn tail does not bring the records in it to life") {
    // Only the value's last byte is damaged, and the next record is not finished.
    const std::string log = kBefore + flipped(kOuter, kOuter.size() - 1) + kAfter.substr(0, 22);
    const auto end_of_outer = kBefore.size() + kOuter.size();
    const std::optional<std::uint64_t> note =
        GENERATE_COPY(std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{end_of_outer});
    CAPTURE(note.has_value());
    const Walk met = walk(log, {Log::active, note, true});
    CHECK_FALSE(has_ghost(met));
}

TEST_CASE("a damaged record in front of a torn tail is not cut off with it") {
    const std::string log = kBefore + flipped(kHit, kPayloadAt + 8) + kAfter.substr(0, 22);
    const std::optional<std::uint64_t> note = GENERATE(
        std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{kBefore.size() + kHit.size()});
    CAPTURE(note.has_value());
    const Walk met = walk(log, {Log::active, note, true});
    REQUIRE(met.damage.size() == 1);
    CHECK(met.damage.front().place.offset == kBefore.size());
    CHECK(met.damage.front().may_hold("victim"));
    for (const Damage& torn : met.torn) {
        CHECK(torn.place.offset == kBefore.size() + kHit.size());
    }
}

TEST_CASE("two damaged records in a row do not bring the records inside the first to life") {
    for (std::size_t at = kLengthsAt; at < kPayloadAt; ++at) {
        CAPTURE(at);
        const std::string log =
            kBefore + flipped(kOuter, kOuter.size() - 1) + flipped(kHit, at, 0x80) + kAfter;
        CHECK_FALSE(has_ghost(walk(log)));
    }
}

TEST_CASE("damage is described by log, offset, reason and size") {
    const Walk met = walk(kBefore + flipped(kHit, kPayloadAt + 8) + kAfter);
    CHECK(met.only().describe() ==
          "17.log: offset 27: the record's checksum does not match (48 bytes)");
}

TEST_CASE("a key longer than any of ours is not kept in memory as a suspect") {
    const std::string log =
        kBefore + flipped(make_record(std::string(65'537, 'k'), "v", 1001), 30) + kAfter;
    const Walk met = walk(log);
    CHECK(met.keys == Strings{"before", "after"});
    CHECK(met.only().keys.empty());
}

}  // namespace
}  // namespace bitask::log
