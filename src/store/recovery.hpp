#pragma once

#include "bitask/progress.hpp"
#include "io/environment.hpp"
#include "keydir/keydir.hpp"
#include "keydir/manifest.hpp"
#include "log/damage.hpp"
#include "log/log_name.hpp"
#include "store/lock_note.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

struct LogState {
    log::LogName name;       // as listed; an active log may have been sealed since
    std::uint64_t size = 0;  // in bytes, without an unfinished record at its end
};

// All that the logs of a store say.
struct Recovery {
    keydir::Keydir keydir;
    std::vector<log::LogName> listed;     // the names of `logs`
    std::vector<LogState> logs;           // in order
    std::vector<log::Damage> damage;      // in order of their logs
    std::vector<log::Damage> torn_tails;  // of active logs; one at the most if writers behave
    std::string lost_end;                 // one line, see below; empty when nothing is missing
    bool fits_hints = true;               // false: there are keys that are too long for them
    bool disorder = false;                // a record has a lower timestamp than one before it
    std::uint64_t records = 0;            // whole ones, tombstones included
    std::uint64_t last_timestamp = 0;     // the highest, milliseconds since the epoch
    std::uint64_t ordered_from = 0;       // as in LockNote, for the next note
    std::uint64_t last_compaction = 0;    // likewise
    std::optional<LockNote> note;         // that the replay went by

    // Whose hints the key directory begins with; nothing when the logs alone have told. Only its
    // head, when the folder was not listed.
    std::optional<keydir::Manifest> manifest;

    // `lost_end`: a log is shorter than the last writer had synced it. To a reader that looks like
    // the tail that a killed writer leaves, and it goes on; verify and the next writer tell.

    [[nodiscard]] std::uint64_t total_bytes() const;
    [[nodiscard]] bool has_damage(const log::LogName& log) const;

    // Whether records up to this place are known to stand in the order of their timestamps.
    [[nodiscard]] bool in_order(const log::Location& place) const;

    // The active log has been sealed, with so many bytes. False, and nothing has changed, when it
    // is not the last one here, or there is damage.
    bool seal_last(const log::LogName& active, std::uint64_t size);

    // The damaged place that may have held a newer record of this key than the key directory
    // knows; null when there is none. One that names the key goes before one that may hold any.
    [[nodiscard]] const log::Damage* doubt(std::string_view key,
                                           const std::optional<keydir::Entry>& known) const;
};

struct RecoveryOptions {
    // For writers: see log::Bounds.
    bool thorough = false;

    // Name all logs, also where hints make it possible to do without.
    bool all_logs = false;

    // Of a replay: pass over logs that a compaction has left behind, see leftovers.hpp.
    bool spare_leftovers = false;

    Progress* progress = nullptr;  // may be null

    // Keep no other key of the logs in mind.
    std::optional<std::string> only_key = std::nullopt;
};

// How often one starts over because a compaction takes logs away meanwhile.
inline constexpr int kMaxRecoveries = 100;

// Replays these logs. Nothing when one of them is gone: list the folder again. What the memory for
// a key directory cannot hold goes to scratch files. Throws Error (io).
[[nodiscard]] std::optional<Recovery> recover(io::Environment& environment,
                                              const io::Folder& folder,
                                              const std::vector<log::LogName>& logs,
                                              const std::optional<LockNote>& note,
                                              const RecoveryOptions& options);

// Takes the manifest's word for what its hints speak of, and replays what is behind. `logs` are all
// that there are. Nothing when the manifest does not fit them: then they have to tell. Throws
// Error (io).
[[nodiscard]] std::optional<Recovery> recover_tail(io::Environment& environment,
                                                   const io::Folder& folder,
                                                   const keydir::Manifest& manifest,
                                                   const std::vector<log::LogName>& logs,
                                                   const std::optional<LockNote>& note,
                                                   const RecoveryOptions& options);

// Whether a reader may believe hints.
enum class Hints { trusted, ignored };

// What is in a store, while others may write to it, compact it, or cut off a torn tail. Throws
// Error (io), also when there is no store.
[[nodiscard]] Recovery recover_beside_writers(io::Environment& environment,
                                              const io::Folder& folder, Hints hints,
                                              const RecoveryOptions& options);

// What the note says about a log of this name and size.
[[nodiscard]] log::Bounds bounds_of(const log::LogName& log, std::uint64_t size,
                                    const std::optional<LockNote>& note, bool thorough);

}  // namespace bitask::store
