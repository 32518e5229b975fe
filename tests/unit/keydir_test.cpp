#include "keydir/keydir.hpp"

#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <random>
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
    CHECK(keydir.totals().live_keys == 0);
    keydir.apply("a", entry(1, 1, 0, 10));
    keydir.apply("b", entry(1, 1, 31, 5));
    CHECK(keydir.totals().live_keys == 2);
    CHECK(keydir.totals().live_bytes == 31 + 26);
    keydir.apply("a", entry(2, 1, 57, 1));
    CHECK(keydir.totals().live_keys == 2);
    CHECK(keydir.totals().live_bytes == 22 + 26);
    keydir.apply("b", entry(3, 1, 79, 0));
    CHECK(keydir.totals().live_keys == 1);
    CHECK(keydir.totals().live_bytes == 22);
    keydir.apply("b", entry(2, 1, 0, 99));  // older than the tombstone
    CHECK(keydir.totals().live_bytes == 22);
    keydir.apply("b", entry(4, 1, 99, 2));
    CHECK(keydir.totals().live_keys == 2);
    CHECK(keydir.totals().live_bytes == 22 + 23);
}

TEST_CASE("tombstones are found, keys without any record are not") {
    Keydir keydir;
    keydir.apply("gone", entry(1, 1, 0, 0));
    REQUIRE(keydir.find("gone"));
    CHECK_FALSE(keydir.find("gone")->live());
    CHECK_FALSE(keydir.find("never"));
}

std::vector<std::string> keys_of(const Keydir& keydir) {
    std::vector<std::string> keys;
    const auto cursor = keydir.cursor();
    for (bool more = cursor->seek({}); more; more = cursor->next()) {
        keys.emplace_back(cursor->key());
    }
    return keys;
}

std::vector<std::string> keys_backwards(const Keydir& keydir) {
    std::vector<std::string> keys;
    const auto cursor = keydir.cursor();
    for (bool more = cursor->seek_before(std::nullopt); more; more = cursor->previous()) {
        keys.emplace_back(cursor->key());
    }
    return keys;
}

TEST_CASE("keys are walked in the order of their bytes, unsigned, in both directions") {
    const bool spilled = GENERATE(false, true);
    test::HandmadeStore store;
    Keydir keydir;
    for (const std::string& key : {"b"s, "\xFF"s, "a\0"s, "\x80"s, "a"s, "\0"s, "ab"s}) {
        keydir.apply(key, entry(1, 1, 0));
        if (spilled) {
            keydir.spill(*store.folder);
        }
    }
    std::vector<std::string> ordered{"\0"s, "a"s, "a\0"s, "ab"s, "b"s, "\x80"s, "\xFF"s};
    CHECK(keys_of(keydir) == ordered);
    std::ranges::reverse(ordered);
    CHECK(keys_backwards(keydir) == ordered);
}

TEST_CASE("the borders of a walk are what they say") {
    Keydir keydir;
    keydir.apply("b", entry(1, 1, 0));
    keydir.apply("d", entry(1, 1, 40));
    const auto cursor = keydir.cursor();
    const auto key = [&cursor](bool there) {
        CHECK(cursor->valid() == there);
        return there ? std::string{cursor->key()} : "(none)"s;
    };
    CHECK(key(cursor->seek("b")) == "b");
    CHECK(key(cursor->seek("c")) == "d");
    CHECK(key(cursor->next()) == "(none)");
    CHECK(key(cursor->seek("e")) == "(none)");
    CHECK(key(cursor->seek_before("d")) == "b");
    CHECK(key(cursor->previous()) == "(none)");
    CHECK(key(cursor->seek_before("b")) == "(none)");
    CHECK(key(cursor->seek_before("zz")) == "d");
    CHECK_FALSE(Keydir{}.cursor()->seek_before(std::nullopt));
    CHECK_FALSE(Keydir{}.cursor()->seek(""));
}

// One walker in the model, one in the key directory, side by side.
TEST_CASE("a key directory is as a map, wherever its entries are and however they came") {
    const unsigned seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U);
    CAPTURE(seed);
    std::mt19937 chance{seed};
    const auto below = [&chance](std::uint32_t limit) {
        return static_cast<std::uint32_t>(chance() % limit);
    };
    const auto any_key = [&below] {
        return std::string(below(3), 'k') + std::to_string(below(200));
    };
    test::HandmadeStore store;
    Keydir keydir;
    std::map<std::string, Entry> model;
    for (int round = 0; round < 40; ++round) {
        for (std::uint32_t i = below(60); i > 0; --i) {
            const std::string key = any_key();
            Entry change =
                entry(below(50), 1 + below(9), below(10'000), static_cast<std::uint32_t>(below(4)));
            change.header.key_size = static_cast<std::uint32_t>(key.size());
            keydir.apply(key, change);
            const auto known = model.find(key);
            if (known == model.end() ||
                !known->second.newer_than(change.header.timestamp, change.location)) {
                model[key] = change;
            }
        }
        if (below(2) == 0) {
            keydir.spill(*store.folder);
        }
        Totals totals;
        for (const auto& [key, known] : model) {
            totals.add(known);
            REQUIRE(keydir.find(key) == known);
        }
        REQUIRE(keydir.totals() == totals);
        REQUIRE_FALSE(keydir.find("x" + any_key()));

        const auto cursor = keydir.cursor();
        for (int walk = 0; walk < 20; ++walk) {
            const std::string from = any_key();
            const bool up = below(2) == 0;
            auto place = model.lower_bound(from);
            bool there = up ? cursor->seek(from) : cursor->seek_before(from);
            if (!up) {
                place = place == model.begin() ? model.end() : std::prev(place);
            }
            for (int step = 0; step < 10; ++step) {
                REQUIRE(there == (place != model.end()));
                if (!there) {
                    break;
                }
                REQUIRE(cursor->key() == place->first);
                REQUIRE(cursor->entry() == place->second);
                if (below(3) != 0) {
                    there = cursor->next();
                    ++place;
                } else {
                    there = cursor->previous();
                    place = place == model.begin() ? model.end() : std::prev(place);
                }
            }
        }
    }
}

}  // namespace
}  // namespace bitask::keydir
