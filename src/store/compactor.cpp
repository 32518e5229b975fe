#include "store/compactor.hpp"

#include "bitask/error.hpp"
#include "codec/crc32.hpp"
#include "io/write_behind.hpp"
#include "store/compaction.hpp"
#include "store/compaction_lock.hpp"
#include "store/compaction_plan.hpp"
#include "store/leftovers.hpp"
#include "store/listing.hpp"
#include "store/write_session.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace bitask::store {
namespace {

// How often a compaction begins anew because a log turned out to be damaged.
constexpr int kMaxDamagedLogs = 1000;

std::unique_ptr<io::Folder> open_or_throw(io::Environment& environment, const std::string& path) {
    auto folder = environment.open_folder(path);
    if (!folder || !list_store(*folder).is_store()) {
        throw_no_store(path);
    }
    return folder;
}

// Whether each log has a name of its own once it is sealed. The reference can bring about others.
bool has_unique_names(const Recovery& state) {
    std::vector<log::LogName> names;
    for (const LogState& log : state.logs) {
        names.push_back(as_sealed(log.name));
    }
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) == names.end();
}

struct Preview {
    CompactionPlan plan;
    CompactionReport report;
    std::vector<LogState> logs;
    keydir::Totals totals;
};

// Whether nothing was written in between. Logs only grow, and may be sealed.
bool same_logs(const std::vector<LogState>& before, const std::vector<LogState>& after) {
    return std::ranges::equal(before, after, [](const LogState& a, const LogState& b) {
        return as_sealed(a.name) == as_sealed(b.name) && a.size == b.size;
    });
}

// What there is to do, seen as a reader sees it.
Preview preview(io::Environment& environment, const io::Folder& folder,
                const CompactionOptions& options, std::uint64_t max_log_size) {
    const auto with = [&](Hints hints) {
        const Recovery state =
            recover_beside_writers(environment, folder, hints, {.all_logs = true});
        keydir::Totals totals = state.keydir.totals();
        CompactionPlan plan = plan_compaction(state, totals,
                                              {.compaction = options,
                                               .max_log_size = max_log_size,
                                               .takes_active = true,
                                               .by_hints = state.manifest.has_value(),
                                               .spared = {}});
        CompactionReport report = report_of(state, plan);
        return Preview{std::move(plan), std::move(report), state.logs, std::move(totals)};
    };
    try {
        return with(Hints::trusted);
    } catch (const keydir::HintDamaged&) {
        return with(Hints::ignored);
    }
}

class Compactor {
public:
    Compactor(io::Environment& environment, const std::string& path, const WriterOptions& writing,
              const CompactionOptions& options)
        : environment_{environment},
          path_{path},
          writing_{writing},
          options_{options},
          folder_{open_or_throw(environment, path)},
          lock_{*folder_, writing.wait} {
        writing_.durability = Durability::synced;
        writing_.create = false;
    }

    CompactionReport run() {
        open_session(writing_.wait);
        session_->remove_compaction_leftovers();
        if (!is_worth_it()) {
            return std::move(report_);
        }
        try {
            compact();
        } catch (const keydir::HintDamaged&) {
            by_logs_ = true;
            compact();
        }
        return std::move(report_);
    }

private:
    void open_session(std::chrono::milliseconds wait) {
        if (!session_) {
            WriterOptions options = writing_;
            options.wait = wait;
            session_ = std::make_unique<WriteSession>(environment_, path_, std::move(options));
        }
    }

    // The writer who is at work, perhaps with a long load, has to end first; what is done must not
    // be lost. So there is no end to the wait but the one that is asked for.
    void wait_for_session() {
        constexpr std::chrono::milliseconds kPatience{500};
        while (!session_) {
            try {
                open_session(kPatience);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::locked || options_.should_stop()) {
                    throw;
                }
            }
        }
    }

    // What is there to do, without the writer's lock: it may take a walk over the whole key
    // directory.
    bool is_worth_it() {
        session_.reset();
        preview_ = preview(environment_, *folder_, options_, writing_.max_log_size);
        report_ = preview_.report;
        seals_active_ = std::ranges::any_of(preview_.plan.inputs, [](const LogState& log) {
            return log.name.kind == log::LogKind::active;
        });
        return preview_.plan.has_work();
    }

    void compact() {
        for (int i = 0; i < kMaxDamagedLogs; ++i) {
            try {
                take_snapshot();
                const CompactedLogs logs = copy();
                publish(logs);
                return;
            } catch (const InputDamaged& input) {
                spare(input.damage());
            }
        }
        throw Error{ErrorKind::corrupt, path_ + ": too many damaged logs"};
    }

    void spare(const log::Damage& damage) {
        const log::LogName& log = damage.place.log;
        spared_.insert(std::ranges::upper_bound(spared_, log), log);
        damaged_.push_back(damage.describe());
    }

    void take_snapshot() {
        wait_for_session();
        state_ = session_->begin_compaction(std::exchange(seals_active_, false),
                                            by_logs_ ? Hints::ignored : Hints::trusted);
        if (state_.manifest && !has_unique_names(state_)) {
            by_logs_ = true;
            state_ = session_->begin_compaction(false, Hints::ignored);
        }
        names_ = list_store(*folder_).logs;
        if (state_.manifest) {
            // Those that are gone by now, too: a name means one log for as long as it is known.
            for (const keydir::Manifest::Log& log : state_.manifest->logs) {
                names_.push_back(log.name);
            }
            state_.keydir =
                keydir::Keydir{*folder_, state_.manifest->hints, state_.manifest->totals()};
            state_.keydir.open_hints();  // a writer may remove them from now on
            session_.reset();
        }
        const bool known =
            !state_.keydir.knows_totals() && !by_logs_ && same_logs(preview_.logs, state_.logs);
        totals_ = known ? preview_.totals : state_.keydir.totals();
    }

    CompactedLogs copy() {
        const bool by_hints = session_ == nullptr;
        const CompactionPlan plan = plan_compaction(state_, totals_,
                                                    {.compaction = options_,
                                                     .max_log_size = writing_.max_log_size,
                                                     .takes_active = false,
                                                     .by_hints = state_.manifest.has_value(),
                                                     .spared = spared_});
        const auto before = std::exchange(report_, report_of(state_, plan));
        report_.rewritten.clear();
        report_.bytes_after = state_.total_bytes();
        report_.damage.insert(report_.damage.end(), damaged_.begin(), damaged_.end());
        if (!plan.has_work()) {
            return {};
        }
        const std::string what = std::to_string(environment_.now_milliseconds()) + path_;
        io::WriteBehindFolder folder{environment_, *folder_};
        CompactedLogs logs = compact_logs(environment_, folder, state_, plan, options_,
                                          {.max_log_size = writing_.max_log_size,
                                           .writes_hints = by_hints,
                                           .seed = codec::crc32(what),
                                           .names = names_});
        report_.bytes_before = std::max(before.bytes_before, report_.bytes_before);
        report_.stopped = logs.inputs.size() < plan.inputs.size();
        report_.logs_kept += plan.inputs.size() - logs.inputs.size();
        return logs;
    }

    void publish(const CompactedLogs& logs) {
        if (logs.inputs.empty() && !logs.hint) {
            discard(*folder_, logs);
            session_.reset();
            return;
        }
        bool published = false;
        try {
            wait_for_session();
            published = session_->finish_compaction(
                logs, state_.manifest ? state_.manifest->hints : std::vector<keydir::HintInfo>{},
                totals_);
        } catch (const Error&) {
            discard(*folder_, logs);
            throw;
        }
        if (published) {
            session_->commit();
            session_.reset();  // others need not wait until the old logs are gone
        }
        if (!published && logs.inputs.empty()) {
            discard(*folder_, logs);
        }
        remove_inputs(logs);
        if (session_) {
            session_->commit();
            session_.reset();
        }
        for (const log::LogName& input : logs.inputs) {
            report_.rewritten.push_back(log::file_name(input));
        }
        report_.logs_written = logs.logs.size();
        for (const CompactedLogs::Output& log : logs.logs) {
            report_.bytes_after += log.size;
        }
        for (const LogState& log : state_.logs) {
            if (std::ranges::binary_search(logs.inputs, log.name)) {
                report_.bytes_after -= log.size;
            }
        }
    }

    void remove_inputs(const CompactedLogs& logs) {
        std::vector<log::LogName> old = logs.inputs;
        if (logs.tombstones) {
            old.push_back(logs.tombstones->name);
        }
        remove_logs(*folder_, old);
    }

    io::Environment& environment_;
    const std::string& path_;
    WriterOptions writing_;
    const CompactionOptions& options_;
    std::unique_ptr<io::Folder> folder_;
    CompactionLock lock_;
    std::unique_ptr<WriteSession> session_;  // null while others may write

    Preview preview_;
    bool seals_active_ = false;
    bool by_logs_ = false;  // no hint is to be believed
    Recovery state_;
    keydir::Totals totals_;             // of it
    std::vector<log::LogName> names_;   // of all logs that there were
    std::vector<log::LogName> spared_;  // in order: logs that turned out to be damaged
    std::vector<std::string> damaged_;  // a line for each of them
    CompactionReport report_;
};

}  // namespace

CompactionReport compact(io::Environment& environment, const std::string& path,
                         const WriterOptions& writing, const CompactionOptions& options) {
    return Compactor{environment, path, writing, options}.run();
}

}  // namespace bitask::store

namespace bitask {

CompactionReport compact_store(const std::string& store, const WriterOptions& writing,
                               const CompactionOptions& options) {
    return store::compact(io::posix_environment(), store, writing, options);
}

CompactionReport preview_compaction(const std::string& store, const CompactionOptions& options) {
    const auto folder = io::posix_environment().open_folder(store);
    if (!folder) {
        store::throw_no_store(store);
    }
    return store::preview(io::posix_environment(), *folder, options, kDefaultMaxLogSize).report;
}

}  // namespace bitask
