#pragma once

#include "keydir/hint_info.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bitask::keydir {

// So many at the most are left behind, as a rule. A compaction that finds more leaves one.
inline constexpr std::size_t kMaxHintsLeft = 8;

// How many of the newest hints go into a new one of so many entries, when no more than `max_hints`
// may be left. None while there is room; else the fewest that leave the next older hint more than
// twice as large as what is merged, so that large hints are seldom written anew. How often
// an entry is written in all is in docs/architecture.md.
[[nodiscard]] inline std::size_t hints_to_merge(const std::vector<HintInfo>& oldest_first,
                                                std::uint64_t new_entries, std::size_t max_hints) {
    if (oldest_first.size() < max_hints) {
        return 0;
    }
    std::size_t merged = 0;
    std::uint64_t entries = new_entries;
    for (auto hint = oldest_first.rbegin(); hint != oldest_first.rend(); ++hint, ++merged) {
        if (merged > 0 && hint->entries > 2 * entries) {
            break;
        }
        entries += hint->entries;
    }
    return merged;
}

// Likewise in the midst of a load, which makes many hints of about one size and leaves one in the
// end: those that are of the new one's tier, no more than so many times as large; where these are
// few, those of the next tier, too. Each entry is then written once a tier.
[[nodiscard]] inline std::size_t hints_to_merge_on_the_way(
    const std::vector<HintInfo>& oldest_first, std::uint64_t new_entries, std::size_t max_hints) {
    constexpr std::uint64_t kTier = 16;
    constexpr std::uint64_t kHighest = UINT64_MAX;  // of what a manifest can tell
    const auto times_tier = [](std::uint64_t entries) {
        return entries > kHighest / kTier ? kHighest : entries * kTier;
    };
    const std::size_t fewest = std::max<std::size_t>(max_hints / 4, 1);
    if (oldest_first.size() < max_hints) {
        return 0;
    }
    std::size_t merged = 0;
    for (std::uint64_t tier = times_tier(std::max<std::uint64_t>(new_entries, 1));
         merged < fewest && merged < oldest_first.size(); tier = times_tier(tier)) {
        while (merged < oldest_first.size() &&
               oldest_first[oldest_first.size() - 1 - merged].entries <= tier) {
            ++merged;
        }
    }
    return merged;
}

}  // namespace bitask::keydir
