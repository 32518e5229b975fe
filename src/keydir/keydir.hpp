#pragma once

#include "io/environment.hpp"
#include "keydir/cursor.hpp"
#include "keydir/entry.hpp"
#include "keydir/hint.hpp"
#include "keydir/table.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// How much of the logs is current.
struct Totals {
    struct Log {
        std::uint64_t live_bytes = 0;       // of records that are current and have a value
        std::uint64_t tombstone_bytes = 0;  // of tombstones that are current

        friend bool operator==(const Log&, const Log&) = default;
    };

    std::uint64_t live_keys = 0;
    std::uint64_t live_bytes = 0;  // of records
    std::map<log::LogName, Log> logs;

    void add(const Entry& entry);
    void subtract(const Entry& entry);

    friend bool operator==(const Totals&, const Totals&) = default;
};

// The key directory: for every key its newest record, tombstones included, in byte order. What was
// met last is in a table in memory, the rest in hints on disk.
//
// What reads hints throws HintDamaged when one of them is gone or is not what was written.
class Keydir {
public:
    // Takes note of a record. When a newer record of the key is in the table already, that one
    // stays and is returned.
    std::optional<Entry> apply(std::string_view key, const Entry& entry);

    // Nothing when no record of the key is known at all.
    [[nodiscard]] std::optional<Entry> find(std::string_view key) const;

    // A walk over everything, good until the next apply() or spill().
    [[nodiscard]] std::unique_ptr<Cursor> cursor() const;

    // Takes a walk over everything.
    [[nodiscard]] Totals totals() const;

    // Memory of the table, in bytes.
    [[nodiscard]] std::size_t memory() const noexcept { return table_.memory(); }

    // Moves the table into a hint in `files`, which have no names and last as long as this does.
    // Merges such hints when there are many. Throws Error (io).
    void spill(io::Folder& files);

private:
    std::vector<std::unique_ptr<Hint>> hints_;  // oldest first
    std::uint64_t next_hint_ = 1;
    Table table_;
};

}  // namespace bitask::keydir
