#include "keydir/merged_cursor.hpp"

#include "keydir/table.hpp"
#include "keydir/table_cursor.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bitask::keydir {
namespace {

using Newest = std::map<std::string, Entry>;

// Where it stands, as the place of the item in the map, or the end.
Newest::const_iterator place_of(const MergedCursor& cursor, const Newest& newest) {
    if (!cursor.valid()) {
        return newest.end();
    }
    const auto place = newest.find(std::string{cursor.key()});
    REQUIRE(place != newest.end());
    REQUIRE(cursor.entry() == place->second);
    return place;
}

// Some have eight bytes and more in common, some are shorter than that.
std::string random_key(std::mt19937_64& random) {
    const std::string key = std::to_string(random() % 60);
    return random() % 2 == 0 ? "a long beginning " + key : key;
}

}  // namespace

TEST_CASE("several walks as one show the newest entry of each key, wherever they go") {
    std::mt19937_64 random{GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U)};
    std::vector<Table> tables(random() % 9);
    Newest newest;
    for (std::uint64_t i = 0; i < 30 * tables.size(); ++i) {
        const std::string key = random_key(random);
        const Entry entry{.location = {.log = {1 + random() % 3}, .offset = i},
                          .header = {.timestamp = random() % 20}};
        tables[random() % tables.size()].apply(key, entry);
        const auto [known, is_first] = newest.emplace(key, entry);
        if (!is_first && entry.newer_than(known->second.header.timestamp, known->second.location)) {
            known->second = entry;
        }
    }
    std::vector<std::unique_ptr<Cursor>> sources;
    sources.reserve(tables.size());
    for (const Table& table : tables) {
        sources.push_back(std::make_unique<TableCursor>(table));
    }
    MergedCursor cursor{std::move(sources)};
    CHECK_FALSE(cursor.valid());
    CHECK_FALSE(cursor.next());
    CHECK_FALSE(cursor.previous());

    auto expected = newest.cend();
    for (int step = 0; step < 5000; ++step) {
        CAPTURE(step);
        bool there = false;
        switch (random() % 12) {
            case 0: {
                const std::string key = random_key(random);
                there = cursor.seek(key);
                expected = newest.lower_bound(key);
                break;
            }
            case 1: {
                const auto key =
                    random() % 4 == 0 ? std::nullopt : std::optional{random_key(random)};
                there = cursor.seek_before(key);
                expected = key ? newest.lower_bound(*key) : newest.end();
                expected = expected == newest.begin() ? newest.end() : std::prev(expected);
                break;
            }
            case 2:
            case 3:
            case 4:
                there = cursor.previous();
                expected = expected == newest.begin() || expected == newest.end()
                               ? newest.end()
                               : std::prev(expected);
                break;
            default:
                there = cursor.next();
                expected = expected == newest.end() ? newest.end() : std::next(expected);
        }
        REQUIRE(there == cursor.valid());
        REQUIRE(place_of(cursor, newest) == expected);
    }
}

}  // namespace bitask::keydir
