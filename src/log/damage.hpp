#pragma once

#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What can be said about bytes in a log that are not a whole record. The v1 format frames records
// by their own lengths alone and its checksum leaves the header out, so a place that does not hold
// a record is looked at from several sides (docs/format.md, "Damage").
namespace bitask::log {

// A place in a log where a record cannot be read.
struct Damage {
    Location place;
    std::uint64_t size = 0;  // in bytes; the log goes on behind them
    std::string reason;

    // The timestamp that the lost record had. Nothing when it cannot be read.
    std::optional<std::uint64_t> timestamp;

    // The keys that the lost record may have been of. When empty, it may have been any key, and
    // there may have been several records.
    std::vector<std::string> keys;

    // Nothing whole follows in this log: what was lost may have been longer than what is left.
    bool to_the_end = false;

    // For a record whose lengths are right and whose key may be what is damaged: it was of any
    // key that makes the checksum come out right.
    struct KeyCheck {
        std::uint32_t crc;        // as the record says
        std::uint32_t value_crc;  // of the value's bytes as they are
        std::uint32_t key_size;
        std::uint32_t value_size;
    };
    std::optional<KeyCheck> key_check;

    [[nodiscard]] bool names_its_keys() const noexcept { return !keys.empty(); }

    // Whether a record of this key may have been lost here.
    [[nodiscard]] bool may_hold(std::string_view key) const;

    [[nodiscard]] std::string describe() const;  // one line: log, offset, what is wrong
};

// What is known about a log before it is read.
struct Bounds {
    std::uint64_t size = 0;  // in bytes; nothing behind it is looked at

    // Every byte before it was part of whole records once. The size in a sealed log; in an active
    // one what the note of the last writer proves, 0 without one.
    std::uint64_t complete_up_to = 0;

    // Where the last writer that left in good order has ended, if a note tells: what begins there
    // or behind has never been promised to anyone.
    std::optional<std::uint64_t> clean_end;

    // Look for damage even where an unfinished record is the plain explanation: a writer must,
    // before it cuts anything off.
    bool thorough = false;
};

struct Diagnosis {
    enum class Kind {
        damage,     // reading goes on behind it
        torn_tail,  // an unfinished record at the end of an active log: normal after a kill
    };
    Kind kind = Kind::damage;
    Damage damage;
};

// Looks at a place that does not hold a whole record. Reads the file piecewise, in bounded memory;
// throws Error (io).
[[nodiscard]] Diagnosis diagnose(const io::File& file, const Location& place, const Bounds& bounds);

}  // namespace bitask::log
