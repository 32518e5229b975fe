#pragma once

#include "keydir/entry.hpp"
#include "log/log_name.hpp"

#include <cstdint>
#include <map>

namespace bitask::keydir {

// How much of the logs is current.
struct Totals {
    struct Log {
        std::uint64_t live_bytes = 0;       // of records that are current and have a value
        std::uint64_t tombstone_bytes = 0;  // of tombstones that are current

        friend bool operator==(const Log&, const Log&) = default;
    };

    std::uint64_t live_keys = 0;
    std::uint64_t live_bytes = 0;      // of records
    std::map<log::LogName, Log> logs;  // by the names that sealed logs have

    void add(const Entry& entry);
    void subtract(const Entry& entry);

    friend bool operator==(const Totals&, const Totals&) = default;
};

}  // namespace bitask::keydir
