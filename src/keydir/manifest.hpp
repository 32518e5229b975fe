#pragma once

#include "io/environment.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/totals.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bitask::keydir {

// A name that the reference passes over: an integer stands before the first point.
inline constexpr const char* kManifestFile = "0.manifest";
inline constexpr const char* kNewManifestFile = "0.manifest.tmp";

// More hints than this are never named: a reader would have to look into all of them, and a walk
// has all of their files open at once.
inline constexpr std::size_t kMaxHints = 224;

// Which hints there are, and what they speak of: every record before a position in the logs, and
// none behind it. Replaced as a whole. It can be made anew from the logs at any time.
//
// The head: magic "btmanif1" | crc u32 of the head behind it | crc u32 of the logs |
// active_log u64 | position u64 | last_timestamp u64 | ordered_from u64 | last_compaction u64 |
// has_totals u64 | live_keys u64 | live_bytes u64 | unsynced in 2 u64 | number of hints u64 |
// hints, the members of HintInfo in order | zeros. Then for each log: number, generation, kind,
// 256 more when it is retired, size, live_bytes, tombstone_bytes, u64 each. (little-endian; see
// docs/format.md)
struct Manifest {
    // What the hints know of one log.
    struct Log {
        log::LogName name;                  // that of the sealed log, for the active one too
        std::uint64_t size = 0;             // in bytes, as far as the hints speak of it
        std::uint64_t live_bytes = 0;       // as in Totals::Log, where they are known
        std::uint64_t tombstone_bytes = 0;  // likewise

        // A compaction has replaced it and is about to remove it: no hint speaks of it.
        bool retired = false;

        friend bool operator==(const Log&, const Log&) = default;
    };

    // The log that was active when the manifest was written, and how far the hints speak of it.
    std::uint64_t active_log = 0;
    std::uint64_t position = 0;  // in bytes

    std::uint64_t last_timestamp = 0;   // the highest before the position, ms since the epoch
    std::uint64_t ordered_from = 0;     // as in store::LockNote
    std::uint64_t last_compaction = 0;  // ms since the epoch, 0 when there was none

    // Those of all hints together. A writer that adds many records in one go leaves it to others to
    // find out which of them replace older ones.
    bool has_totals = false;
    std::uint64_t live_keys = 0;   // as in Totals
    std::uint64_t live_bytes = 0;  // likewise

    // When not all that it speaks of, or not all of it, was synced: the run of the system that it
    // is good for. After a power cut it may speak of what is lost.
    std::optional<io::SystemRun> unsynced_in;

    std::vector<HintInfo> hints;  // oldest first
    std::vector<Log> logs;        // in order, the active one too; not there in a head alone

    // The head takes a whole number of these: one alone, but in the midst of a large load.
    static constexpr std::size_t kHeadPage = 4096;

    // Of all hints: as many keys at the most, since a key may be in several.
    [[nodiscard]] std::uint64_t entries() const;

    // Those of the logs are missing in a head.
    [[nodiscard]] std::optional<Totals> totals() const;
    void set_totals(const std::optional<Totals>& totals);

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

// The head, then the logs.
[[nodiscard]] std::string encode_manifest(const Manifest& manifest);

// How many bytes the head has that begins with these, of which there have to be kHeadPage. Nothing
// for bytes that cannot be the beginning of one.
[[nodiscard]] std::optional<std::size_t> manifest_head_size(std::span<const std::byte> begin);

// All of a manifest but its logs. Nothing for bytes that are no manifest's head.
[[nodiscard]] std::optional<Manifest> decode_manifest_head(std::span<const std::byte> head);

// A whole manifest. Nothing for bytes that are none.
[[nodiscard]] std::optional<Manifest> decode_manifest(std::span<const std::byte> bytes);

}  // namespace bitask::keydir
