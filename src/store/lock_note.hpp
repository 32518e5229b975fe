#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bitask::store {

// What a writer that leaves in good order writes into the lock file, for the next one and for
// whoever has to judge an unfinished record. Without it time is lost, the time of
// the last compaction, and some damage cannot be told from an unfinished record.
//
// magic "btknote1" | log u64 | end u64 | last_timestamp u64 | ordered_from u64 |
// last_compaction u64 | synced u32 | crc u32   (little-endian; see docs/format.md)
struct LockNote {
    static constexpr std::size_t kSize = 56;

    std::uint64_t log = 0;             // number of the active log
    std::uint64_t end = 0;             // its length in bytes, whole records all of them
    std::uint64_t last_timestamp = 0;  // the highest in the store, milliseconds since the epoch

    // From the log of this number up to `end`, the order of records is that of their timestamps.
    std::uint64_t ordered_from = 0;

    std::uint64_t last_compaction = 0;  // milliseconds since the epoch; 0 when there was none
    bool synced = false;                // whether all of it, names included, was on disk

    friend bool operator==(const LockNote&, const LockNote&) = default;
};

[[nodiscard]] std::string encode_note(const LockNote& note);

// Nothing for bytes that are no whole note.
[[nodiscard]] std::optional<LockNote> decode_note(std::span<const std::byte> bytes);

}  // namespace bitask::store
