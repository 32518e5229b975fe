#pragma once

#include "log/log_name.hpp"
#include "log/record.hpp"

#include <cstdint>

namespace bitask::keydir {

// Where the newest record of a key is, and all of its header that can be held against the log.
struct Entry {
    log::Location location;
    log::RecordHeader header;

    [[nodiscard]] bool live() const noexcept { return !header.tombstone(); }

    // Of two records of a key, the one with the higher (timestamp, log, offset) is current.
    [[nodiscard]] bool newer_than(std::uint64_t timestamp, const log::Location& place) const {
        return header.timestamp != timestamp ? header.timestamp > timestamp : location > place;
    }

    friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace bitask::keydir
