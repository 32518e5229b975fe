#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace bitask::keydir {

// Sorts a vector by a number of each item, and keeps the order of those with the same one: from the
// lowest digit up (radix sort, Knuth 5.2.5). Places and ranks have few digits that differ, and each
// costs one pass over memory. Takes as much memory again: that of `scratch`, for whoever sorts more
// than once, in which there is nothing of worth afterwards.
template <typename Items, typename NumberOf>
void radix_sort(Items& items, Items& scratch, NumberOf number_of) {
    constexpr unsigned kDigitBits = 11;
    constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
    if (std::ranges::is_sorted(items, {}, number_of)) {
        return;
    }
    std::uint64_t differing = 0;
    for (const auto& item : items) {
        differing |= number_of(item) ^ number_of(items.front());
    }
    scratch.resize(items.size());
    for (unsigned shift = 0; shift < 64 && differing >> shift != 0; shift += kDigitBits) {
        const auto digit = [&](const auto& item) {
            return static_cast<std::size_t>(number_of(item) >> shift) % kDigits;
        };
        std::array<std::size_t, kDigits> places{};
        for (const auto& item : items) {
            ++places[digit(item)];
        }
        std::exclusive_scan(places.begin(), places.end(), places.begin(), std::size_t{0});
        for (const auto& item : items) {
            scratch[places[digit(item)]++] = item;
        }
        items.swap(scratch);
    }
}

}  // namespace bitask::keydir
