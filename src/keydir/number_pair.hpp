#pragma once

#include "io/large_pages.hpp"

#include <cstdint>
#include <vector>

namespace bitask::keydir {

// Two numbers; the first one tells the place among others.
struct NumberPair {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    friend bool operator==(const NumberPair&, const NumberPair&) = default;
};

using NumberPairs = std::vector<NumberPair, io::LargePages<NumberPair>>;

// Keeps the order of pairs with the same first number. Takes as much memory again.
void sort_by_first(NumberPairs& pairs);

}  // namespace bitask::keydir
