#include "keydir/keydir.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {
namespace {

using namespace std::string_literals;

Entry entry(std::uint64_t timestamp, std::uint64_t log, std::uint64_t offset,
            std::uint32_t value_size = 10) {
    return {.location = {{log, 0, log::LogKind::sealed}, offset},
            .header = {.crc = 0, .timestamp = timestamp, .key_size = 1, .value_size = value_size}};
}

std::string key_of(const std::optional<Keydir::Item>& item) {
    return item ? std::string{item->key} : "(none)";
}

TEST_CASE("the record with the highest (timestamp, log, offset) is current, in whatever order") {
    const std::vector<Entry> oldest_first{entry(1, 9, 900), entry(2, 1, 50), entry(2, 1, 60),
                                          entry(2, 3, 0), entry(3, 2, 0)};
    for (std::size_t i = 0; i < oldest_first.size(); ++i) {
        for (std::size_t j = i + 1; j < oldest_first.size(); ++j) {
            CAPTURE(i, j);
            const Entry& older = oldest_first[i];
            const Entry& newer = oldest_first[j];
            Keydir forwards;
            CHECK_FALSE(forwards.apply("k", older));
            CHECK_FALSE(forwards.apply("k", newer));
            CHECK(forwards.find("k")->location == newer.location);

            Keydir backwards;
            CHECK_FALSE(backwards.apply("k", newer));
            const auto kept = backwards.apply("k", older);
            REQUIRE(kept);
            CHECK(kept->location == newer.location);
            CHECK(backwards.find("k")->location == newer.location);
        }
    }
}

TEST_CASE("a generation decides between records of one time and number") {
    Keydir keydir;
    Entry copy = entry(1, 5, 0);
    copy.location.log.generation = 2;
    keydir.apply("k", copy);
    CHECK(keydir.apply("k", entry(1, 5, 999)));
    CHECK(keydir.find("k")->location.log.generation == 2);
}

TEST_CASE("totals count live keys alone, through overwriting and removing") {
    Keydir keydir;
    CHECK(keydir.live_keys() == 0);
    keydir.apply("a", entry(1, 1, 0, 10));
    keydir.apply("b", entry(1, 1, 31, 5));
    CHECK(keydir.live_keys() == 2);
    CHECK(keydir.live_bytes() == 31 + 26);
    keydir.apply("a", entry(2, 1, 57, 1));
    CHECK(keydir.live_keys() == 2);
    CHECK(keydir.live_bytes() == 22 + 26);
    keydir.apply("b", entry(3, 1, 79, 0));
    CHECK(keydir.live_keys() == 1);
    CHECK(keydir.live_bytes() == 22);
    keydir.apply("b", entry(2, 1, 0, 99));  // older than the tombstone
    CHECK(keydir.live_bytes() == 22);
    keydir.apply("b", entry(4, 1, 99, 2));
    CHECK(keydir.live_keys() == 2);
    CHECK(keydir.live_bytes() == 22 + 23);
}

TEST_CASE("tombstones are found, keys without any record are not") {
    Keydir keydir;
    keydir.apply("gone", entry(1, 1, 0, 0));
    REQUIRE(keydir.find("gone"));
    CHECK_FALSE(keydir.find("gone")->live());
    CHECK_FALSE(keydir.find("never"));
}

TEST_CASE("keys are walked in the order of their bytes, unsigned, in both directions") {
    Keydir keydir;
    for (const std::string& key : {"b"s, "\xFF"s, "a\0"s, "\x80"s, "a"s, "\0"s, "ab"s}) {
        keydir.apply(key, entry(1, 1, 0));
    }
    const std::vector<std::string> ordered{"\0"s, "a"s, "a\0"s, "ab"s, "b"s, "\x80"s, "\xFF"s};
    std::vector<std::string> met;
    for (auto item = keydir.at_or_after(""); item; item = keydir.after(item->key)) {
        met.emplace_back(item->key);
    }
    CHECK(met == ordered);
    met.clear();
    for (auto item = keydir.before(std::nullopt); item;
         item = keydir.before(std::string{item->key})) {
        met.insert(met.begin(), std::string{item->key});
    }
    CHECK(met == ordered);
    met.clear();
    keydir.for_each([&met](std::string_view key, const Entry&) { met.emplace_back(key); });
    CHECK(met == ordered);
}

TEST_CASE("the borders of a walk are what they say") {
    Keydir keydir;
    keydir.apply("b", entry(1, 1, 0));
    keydir.apply("d", entry(1, 1, 40));
    CHECK(key_of(keydir.at_or_after("b")) == "b");
    CHECK(key_of(keydir.after("b")) == "d");
    CHECK(key_of(keydir.at_or_after("c")) == "d");
    CHECK(key_of(keydir.at_or_after("e")) == "(none)");
    CHECK(key_of(keydir.after("d")) == "(none)");
    CHECK(key_of(keydir.before("d")) == "b");
    CHECK(key_of(keydir.before("b")) == "(none)");
    CHECK(key_of(keydir.before("zz")) == "d");
    CHECK(key_of(Keydir{}.before(std::nullopt)) == "(none)");
}

}  // namespace
}  // namespace bitask::keydir
