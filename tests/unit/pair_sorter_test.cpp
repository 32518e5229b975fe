#include "store/pair_sorter.hpp"

#include "support/catch.hpp"
#include "support/memory_environment.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

namespace bitask::store {
namespace {

std::vector<NumberPair> sorted_by(PairSorter& sorter, const std::vector<NumberPair>& pairs) {
    for (const NumberPair& pair : pairs) {
        sorter.add(pair);
    }
    sorter.sort();
    std::vector<NumberPair> result;
    while (const auto pair = sorter.next()) {
        result.push_back(*pair);
    }
    CHECK_FALSE(sorter.next());
    return result;
}

TEST_CASE("pairs come out in order, whether they fit into memory or not") {
    test::MemoryEnvironment disk;
    disk.create_folder("/scratch");
    const auto folder = disk.open_folder("/scratch");
    std::mt19937_64 random{3};
    for (const std::size_t count : {0U, 1U, 9U, 10U, 11U, 20U, 21U, 5000U}) {
        CAPTURE(count);
        std::vector<NumberPair> pairs;
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back({random(), i});
        }
        std::vector<NumberPair> expected = pairs;
        std::ranges::sort(expected, {}, &NumberPair::first);
        PairSorter small{*folder, 10};
        CHECK(sorted_by(small, pairs) == expected);
        PairSorter large{*folder};
        CHECK(sorted_by(large, pairs) == expected);
    }
}

TEST_CASE("what fits into memory makes no file") {
    test::MemoryEnvironment disk;
    disk.create_folder("/scratch");
    const auto folder = disk.open_folder("/scratch");
    PairSorter sorter{*folder, 2};
    CHECK(sorted_by(sorter, {{2, 0}, {1, 1}}) == std::vector<NumberPair>{{1, 1}, {2, 0}});
    CHECK(folder->list().empty());
}

}  // namespace
}  // namespace bitask::store
