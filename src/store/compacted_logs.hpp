#pragma once

#include "keydir/hint_info.hpp"
#include "keydir/totals.hpp"
#include "log/log_name.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bitask::store {

// What a compaction has written, under names that mean nothing yet. All of it is synced.
struct CompactedLogs {
    struct Output {
        std::string temporary;
        log::LogName name;          // that it is to have
        std::uint64_t size = 0;     // in bytes
        keydir::Totals::Log share;  // of it
    };

    struct Hint {
        std::string temporary;
        keydir::HintInfo info;  // without a number
    };

    std::vector<log::LogName> inputs;  // sealed logs, in order, that may go once it is published
    std::vector<Output> logs;          // in order
    std::optional<Output> tombstones;  // those that are dropped; goes after the inputs
    std::optional<Hint> hint;          // of the records that moved, or of all
    bool renews_hints = false;         // of all
};

}  // namespace bitask::store
