#include "store/compaction_plan.hpp"

#include "keydir/merge_policy.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>

namespace bitask::store {

using log::LogKind;
using log::LogName;

namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) {
    return a - std::min(a, b);
}

// When the inputs are at least such a part of the store, or the hints behind the oldest such a part
// of that, all of them are written anew. Otherwise writers would have to merge them one day, while
// others wait.
constexpr std::uint64_t kMuch = 4;

struct Candidate {
    LogState log;
    std::uint64_t live = 0;        // bytes of records
    std::uint64_t tombstones = 0;  // bytes of current ones
    bool eligible = false;
    bool chosen = false;

    [[nodiscard]] std::uint64_t superseded() const {
        return difference(log.size, live + tombstones);
    }
    [[nodiscard]] std::uint64_t size_after() const { return live + tombstones; }
};

}  // namespace

class Planning {
public:
    Planning(const Recovery& state, const keydir::Totals& totals, const PlanningOptions& options)
        : state_{state}, options_{options}, totals_{totals} {
        for (const LogState& log : state.logs) {
            const auto found = totals.logs.find(as_sealed(log.name));
            const keydir::Totals::Log share =
                found == totals.logs.end() ? keydir::Totals::Log{} : found->second;
            candidates_.push_back({.log = log,
                                   .live = share.live_bytes,
                                   .tombstones = share.tombstone_bytes,
                                   .eligible = !is_spared(log.name)});
        }
    }

    CompactionPlan run() {
        const std::uint64_t total = state_.total_bytes();
        const std::uint64_t dead = difference(total, totals_.live_bytes);
        const bool enough = percent(dead, total) >= options_.compaction.if_garbage_percent;
        if (enough) {
            choose();
        }
        CompactionPlan plan;
        plan.renews_hints = renews_hints_;
        plan.tombstones.ordered_from = state_.ordered_from;
        plan.tombstones.drops_any =
            renews_hints_ && state_.damage.empty() && options_.spared.empty();
        plan.tombstones.first_dirty = first_dirty();
        for (const Candidate& candidate : candidates_) {
            (candidate.chosen ? plan.inputs : plan.kept).push_back(candidate.log);
        }
        plan.merges_hints = enough && plan.inputs.empty() && renews_hints_ && has_many_hints();
        for (const Candidate& candidate : candidates_) {
            const LogName& name = candidate.log.name;
            const bool drops = candidate.chosen && plan.drops_tombstones_of(name);
            plan.bytes_after += !candidate.chosen ? candidate.log.size
                                : drops           ? candidate.live
                                                  : candidate.size_after();
            if (drops && candidate.tombstones > 0 && !in_order(name)) {
                plan.tombstones.drops_unordered = true;
            }
        }
        return plan;
    }

private:
    [[nodiscard]] bool is_spared(const LogName& log) const {
        return state_.has_damage(log) || std::ranges::binary_search(options_.spared, log);
    }

    [[nodiscard]] bool in_order(const LogName& log) const {
        return log.number >= state_.ordered_from;
    }

    void choose() {
        // Tombstones whose place does not tell their age can go only when no log that is kept
        // holds superseded records; so these are chosen without them first.
        const auto no_tombstones = [](const Candidate&, bool) { return false; };
        choose_by(no_tombstones);
        const bool all_clean = !first_dirty();
        if (state_.damage.empty() && options_.spared.empty()) {
            choose_by([this, all_clean](const Candidate& candidate, bool dirty_before) {
                return in_order(candidate.log.name) ? !dirty_before : all_clean;
            });
        }
        renews_hints_ = !options_.by_hints || input_bytes() >= state_.total_bytes() / kMuch ||
                        is_much_in_newer_hints();
        if (!renews_hints_) {
            choose_by(no_tombstones);
        }
        join_neighbours();
    }

    // `counts` tells whether a log's tombstones could go, given whether one before it is kept with
    // superseded records.
    template <typename Counts>
    void choose_by(Counts counts) {
        bool dirty_before = false;
        for (Candidate& candidate : candidates_) {
            const LogState& log = candidate.log;
            const std::uint64_t dead = candidate.superseded() +
                                       (counts(candidate, dirty_before) ? candidate.tombstones : 0);
            const bool active = log.name.kind == LogKind::active;
            const bool empty = log.size == 0 && !active;
            const bool worth_it =
                options_.compaction.all ||
                (dead > 0 && percent(dead, log.size) >= options_.compaction.min_garbage_percent);
            candidate.chosen =
                candidate.eligible && (empty || worth_it) && (!active || options_.takes_active);
            dirty_before = dirty_before || is_dirty(candidate);
        }
    }

    [[nodiscard]] static bool is_dirty(const Candidate& candidate) {
        return !candidate.chosen && (candidate.superseded() > 0 || !candidate.eligible);
    }

    // What one compaction after the other has written may be small; logs as they were rotated are
    // not.
    void join_neighbours() {
        const auto may_join = [](const Candidate& candidate) {
            return candidate.eligible && candidate.log.name.kind != LogKind::active &&
                   (candidate.chosen || candidate.log.name.generation > 0);
        };
        std::size_t begin = 0;
        while (begin < candidates_.size()) {
            std::uint64_t size = candidates_[begin].size_after();
            std::size_t end = begin + 1;
            while (may_join(candidates_[begin]) && end < candidates_.size() &&
                   may_join(candidates_[end]) &&
                   in_order(candidates_[begin].log.name) == in_order(candidates_[end].log.name) &&
                   size + candidates_[end].size_after() <= options_.max_log_size) {
                size += candidates_[end].size_after();
                ++end;
            }
            for (std::size_t i = begin; end - begin > 1 && i < end; ++i) {
                candidates_[i].chosen = true;
            }
            begin = end;
        }
    }

    [[nodiscard]] std::optional<LogName> first_dirty() const {
        const auto found = std::ranges::find_if(candidates_, is_dirty);
        return found == candidates_.end() ? std::nullopt : std::optional{found->log.name};
    }

    // As a load leaves behind that was killed.
    [[nodiscard]] bool has_many_hints() const {
        return options_.by_hints && state_.damage.empty() && state_.manifest &&
               state_.manifest->hints.size() > keydir::kMaxHintsLeft;
    }

    [[nodiscard]] bool is_much_in_newer_hints() const {
        if (!state_.manifest || state_.manifest->hints.empty()) {
            return false;
        }
        std::uint64_t newer = 0;
        for (const keydir::HintInfo& hint : std::span{state_.manifest->hints}.subspan(1)) {
            newer += hint.entries;
        }
        return newer >= state_.manifest->hints.front().entries / kMuch;
    }

    [[nodiscard]] std::uint64_t input_bytes() const {
        return std::accumulate(candidates_.begin(), candidates_.end(), std::uint64_t{0},
                               [](std::uint64_t sum, const Candidate& candidate) {
                                   return sum + (candidate.chosen ? candidate.log.size : 0);
                               });
    }

    const Recovery& state_;
    const PlanningOptions& options_;
    const keydir::Totals& totals_;
    std::vector<Candidate> candidates_;  // in order
    bool renews_hints_ = true;
};

bool CompactionPlan::drops_tombstones_of(const LogName& log) const {
    return tombstones.drops_any &&
           (!tombstones.first_dirty ||
            (log.number >= tombstones.ordered_from && log < *tombstones.first_dirty));
}

CompactionPlan plan_compaction(const Recovery& state, const keydir::Totals& totals,
                               const PlanningOptions& options) {
    return Planning{state, totals, options}.run();
}

CompactionReport report_of(const Recovery& state, const CompactionPlan& plan) {
    CompactionReport report;
    report.bytes_before = state.total_bytes();
    report.bytes_after = plan.bytes_after;
    report.logs_kept = plan.kept.size();
    for (const LogState& log : plan.inputs) {
        report.rewritten.push_back(log::file_name(log.name));
    }
    for (const log::Damage& damage : state.damage) {
        report.damage.push_back(damage.describe());
    }
    return report;
}

}  // namespace bitask::store
