#pragma once

#include "bitask/writer.hpp"
#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "store/recovery.hpp"
#include "store/writer_lock.hpp"

#include <cstdint>
#include <vector>

// Compaction: the live records of some logs are copied to new ones, then the old logs go.
//
// It is right whenever it is stopped, even for a reader that knows the logs alone, because of
// three rules (docs/architecture.md, "Compaction"):
// 1. A new log bears a log's name only when it is complete and synced, and no old log is removed
//    before all new names are synced. Until then, records exist twice, which changes nothing.
// 2. A new log has the number of the newest log that it takes records from and a generation not
//    used before, so that its records still win ties against all that they won against.
// 3. Tombstones are not dropped while an old record of their key may still be in the folder. They
//    go into a log of their own, which is the last to be removed.
namespace bitask::store {

struct CompactionPlan {
    std::vector<LogState> inputs;  // in order
    std::vector<LogState> kept;    // in order

    // Whether nothing but the inputs holds superseded records, so that tombstones can go.
    bool drops_tombstones = false;

    std::uint64_t live_bytes = 0;       // of the inputs; of records
    std::uint64_t tombstone_bytes = 0;  // likewise, of those that are current

    [[nodiscard]] std::uint64_t bytes_after() const;  // of all logs
    [[nodiscard]] bool has_input(const log::LogName& log) const;
};

[[nodiscard]] CompactionPlan plan_compaction(const Recovery& state,
                                             const CompactionOptions& options);

// What the plan comes to; no logs are written yet.
[[nodiscard]] CompactionReport report_of(const Recovery& state, const CompactionPlan& plan);

// Carries the plan out, and returns how many logs it wrote. The caller has sealed every input; what
// was the active log has become `sealed`. `progress` may be null. Throws Error; the store then
// still has all its records, some perhaps twice.
std::uint64_t run_compaction(io::Folder& folder, const WriterLock& lock, const Recovery& state,
                             const CompactionPlan& plan, const std::optional<log::LogName>& sealed,
                             std::uint64_t max_log_size, Progress* progress);

}  // namespace bitask::store
