#pragma once

#include "io/environment.hpp"
#include "io/worker.hpp"
#include "keydir/keydir.hpp"
#include "keydir/manifest.hpp"
#include "store/compacted_logs.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bitask::store {

// How a writer makes hints.
struct PublishOptions {
    std::uint32_t seed = 0;     // should be another one each time
    std::size_t max_hints = 0;  // with more, the newest are merged
    bool on_the_way = false;    // others come soon, and it is they that are merged
    bool merge_all = false;     // leave one, whatever it takes
    bool counts = false;        // leave the totals known, whatever it takes

    io::Worker* helper = nullptr;  // takes part in merging; may be null
};

enum class ManifestPart { head, whole };

// Nothing when there is none that can be read, half of one, or one that is good for another run of
// the system: then the logs have to tell.
[[nodiscard]] std::optional<keydir::Manifest> read_manifest(io::Environment& environment,
                                                            const io::Folder& folder,
                                                            ManifestPart part);

// Whether all hints that the manifest names are there.
[[nodiscard]] bool has_hints(const io::Folder& folder, const keydir::Manifest& manifest);

// Makes a manifest of `next`, whose hints hold all that `keydir` does: writes what is in its table
// to a new hint, merged with hints of `current` where there are too many. `current` is what the key
// directory began with, and nothing when that was the logs. `next` says how far the hints speak;
// its hints and totals are filled in here; the totals only where they cost little.
// Unless it says that it is unsynced, all that it speaks of must be on disk, and what is
// written here will be.
//
// Throws Error (io) or HintDamaged; what was current then still is.
keydir::Manifest publish_hints(io::Folder& folder, const keydir::Keydir& keydir,
                               const std::optional<keydir::Manifest>& current,
                               keydir::Manifest next, const PublishOptions& options);

// Makes the logs that a compaction has written, which have their names by now, those that
// `current` speaks of, and retires their inputs. Their hint gets its name here. `replaced` are
// hints that it makes useless, if they are still there. The totals of logs stay known only where
// that costs little. Throws Error (io).
void publish_compaction(io::Folder& folder, keydir::Manifest current, const CompactedLogs& logs,
                        const std::vector<keydir::HintInfo>& replaced);

// Before logs that the hints speak of go away.
void remove_manifest(io::Folder& folder);

}  // namespace bitask::store
