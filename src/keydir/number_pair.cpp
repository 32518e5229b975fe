#include "keydir/number_pair.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

namespace bitask::keydir {
namespace {

constexpr unsigned kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

}  // namespace

// From the lowest digit up, keeping the order of equal ones (radix sort, Knuth 5.2.5): places and
// ranks have few digits that differ, and each costs one pass over memory.
void sort_by_first(NumberPairs& pairs, NumberPairs& scratch) {
    if (std::ranges::is_sorted(pairs, {}, &NumberPair::first)) {
        return;
    }
    std::uint64_t differing = 0;
    for (const NumberPair& pair : pairs) {
        differing |= pair.first ^ pairs.front().first;
    }
    scratch.resize(pairs.size());
    for (unsigned shift = 0; shift < 64 && differing >> shift != 0; shift += kDigitBits) {
        const auto digit = [shift](const NumberPair& pair) {
            return static_cast<std::size_t>(pair.first >> shift) % kDigits;
        };
        std::array<std::size_t, kDigits> places{};
        for (const NumberPair& pair : pairs) {
            ++places[digit(pair)];
        }
        std::exclusive_scan(places.begin(), places.end(), places.begin(), std::size_t{0});
        for (const NumberPair& pair : pairs) {
            scratch[places[digit(pair)]++] = pair;
        }
        pairs.swap(scratch);
    }
}

}  // namespace bitask::keydir
