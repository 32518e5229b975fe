#pragma once

#include "bitask/compaction.hpp"
#include "log/log_name.hpp"
#include "store/recovery.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace bitask::store {

// Which logs a compaction rewrites, and what may go with them.
//
// A record is live, or a current tombstone, or superseded. A log of which enough can go is chosen;
// so are neighbours that earlier compactions have left so small that they fit into one log.
//
// A tombstone may go only when nothing older of its key is left in any log: superseded records in
// logs that are kept are in the way, and damage anywhere. Where records are known to be in order,
// only logs before its own can hold older ones.
struct CompactionPlan {
    std::vector<LogState> inputs;  // in order
    std::vector<LogState> kept;    // in order

    // Whether the inputs are so much of the store that all hints are made anew, as one. Otherwise
    // the records that move get a hint of their own, and no tombstone goes: older hints would go
    // on telling of it.
    bool renews_hints = true;

    // Whether there are no inputs, but so many hints that they are to become one.
    bool merges_hints = false;

    [[nodiscard]] bool has_work() const noexcept { return !inputs.empty() || merges_hints; }

    std::uint64_t bytes_after = 0;  // of all logs

    // Whether the current tombstones of this input may go.
    [[nodiscard]] bool drops_tombstones_of(const log::LogName& log) const;

    // Likewise, should the inputs from some place on be left as they are.
    [[nodiscard]] bool may_stop_early() const noexcept { return !tombstones.drops_unordered; }

    struct Tombstones {
        bool drops_any = false;
        bool drops_unordered = false;               // some whose place does not tell their age
        std::uint64_t ordered_from = 0;             // as in LockNote
        std::optional<log::LogName> first_dirty{};  // of logs kept with superseded records
    };
    Tombstones tombstones;
};

struct PlanningOptions {
    CompactionOptions compaction;
    std::uint64_t max_log_size = 0;         // in bytes
    bool takes_active = true;               // the active log can be sealed yet
    bool by_hints = false;                  // the key directory comes from hints that will go on
    std::vector<log::LogName> spared = {};  // in order; not to be chosen, whatever they hold
};

// `totals` are those of the state's key directory.
[[nodiscard]] CompactionPlan plan_compaction(const Recovery& state, const keydir::Totals& totals,
                                             const PlanningOptions& options);

// What the plan comes to; no logs are written yet.
[[nodiscard]] CompactionReport report_of(const Recovery& state, const CompactionPlan& plan);

}  // namespace bitask::store
