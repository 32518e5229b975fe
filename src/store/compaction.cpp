#include "store/compaction.hpp"

#include "bitask/error.hpp"
#include "log/log_scanner.hpp"
#include "log/log_writer.hpp"
#include "store/listing.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// A log in the making.
struct NewLog {
    std::string temporary;
    log::LogWriter writer;
    LogName last_source;
};

class Compaction {
public:
    Compaction(io::Folder& folder, const WriterLock& lock, const Recovery& state,
               const CompactionPlan& plan, const std::optional<LogName>& sealed,
               std::uint64_t max_log_size, Progress* progress)
        : folder_{folder},
          lock_{lock},
          state_{state},
          plan_{plan},
          sealed_{sealed},
          max_log_size_{max_log_size},
          progress_{progress} {
        for (const LogState& log : state.logs) {
            auto& generation = generations_[log.name.number];
            generation = std::max(generation, log.name.generation);
        }
        if (sealed) {
            auto& generation = generations_[sealed->number];
            generation = std::max(generation, sealed->generation);
        }
    }

    std::uint64_t run() {
        try {
            for (const LogState& input : plan_.inputs) {
                if (current_ && is_border(current_->last_source, input.name)) {
                    finish(current_);
                }
                copy(input);
            }
            finish(current_);
            finish_tombstones();
            publish();
        } catch (const Error&) {
            remove_temporaries();
            throw;
        }
        remove_inputs();
        return names_.size() - (tombstones_name_ ? 1 : 0);
    }

private:
    [[nodiscard]] std::string file_of(const LogState& input) const {
        const bool was_active = input.name.kind == LogKind::active;
        return log::file_name(was_active && sealed_ ? *sealed_ : input.name);
    }

    // Whether records of these two logs must not share a log. A record must not come to stand
    // behind a log that is kept, nor among those that are known to be in order: its place would
    // then tell that it is newer than it is.
    [[nodiscard]] bool is_border(const LogName& before, const LogName& after) const {
        return (before.number < state_.ordered_from && after.number >= state_.ordered_from) ||
               std::ranges::any_of(plan_.kept, [&](const LogState& kept) {
                   return before < kept.name && kept.name < after;
               });
    }

    void copy(const LogState& input) {
        const auto file = folder_.open(file_of(input), io::Access::read);
        if (!file) {
            throw Error{ErrorKind::io, log::file_name(input.name) + ": the log has disappeared"};
        }
        log::LogScanner scanner{*file,
                                input.name,
                                {.size = input.size,
                                 .complete_up_to = input.size,
                                 .clean_end = std::nullopt,
                                 .thorough = false}};
        using Step = log::LogScanner::Step;
        for (Step step = scanner.next(); step != Step::end; step = scanner.next()) {
            if (step != Step::record) {
                throw Error{ErrorKind::corrupt, scanner.damage().describe()};
            }
            copy_record(*file, scanner);
            if (progress_ != nullptr) {
                progress_->advance(done_bytes_ + scanner.position(), input_bytes());
            }
        }
        done_bytes_ += input.size;
    }

    void copy_record(const io::File& file, const log::LogScanner& scanner) {
        const auto entry = state_.keydir.find(scanner.key());
        if (!entry || entry->location != scanner.place()) {
            return;  // superseded
        }
        const bool apart = !entry->live() && plan_.drops_tombstones;
        std::optional<NewLog>& target = apart ? tombstones_ : current_;
        if (!target) {
            target.emplace(start(scanner.place().log));
        }
        target->writer.append_copy(file, scanner.place().offset, scanner.header().record_size());
        target->last_source = scanner.place().log;
        if (!apart && target->writer.end() > max_log_size_) {
            finish(target);
        }
    }

    NewLog start(const LogName& source) {
        std::string name = log::temporary_name({source.number, ++temporaries_, LogKind::sealed});
        auto file = folder_.create(name);
        temporary_names_.push_back(name);
        return {name, log::LogWriter{std::move(file), name, 0}, source};
    }

    void finish(std::optional<NewLog>& log) {
        if (log) {
            close(*log, log->last_source.number, LogKind::sealed);
            log.reset();
        }
    }

    // Tombstones win ties against every input only behind all of them.
    void finish_tombstones() {
        if (tombstones_) {
            tombstones_name_ =
                close(*tombstones_, plan_.inputs.back().name.number, LogKind::tombstones);
            tombstones_.reset();
        }
    }

    LogName close(NewLog& log, std::uint64_t number, LogKind kind) {
        log.writer.sync();
        const LogName name{number, ++generations_[number], kind};
        names_.emplace_back(log.temporary, name);
        return name;
    }

    void publish() {
        lock_.check();
        for (const auto& [temporary, name] : names_) {
            folder_.rename(temporary, log::file_name(name));
        }
        folder_.sync();
    }

    void remove_inputs() {
        lock_.check();
        for (const LogState& input : plan_.inputs) {
            folder_.remove(file_of(input));
        }
        folder_.sync();
        if (tombstones_name_) {
            folder_.remove(log::file_name(*tombstones_name_));
            folder_.sync();
        }
    }

    void remove_temporaries() {
        current_.reset();
        tombstones_.reset();
        for (const std::string& name : temporary_names_) {
            try {
                folder_.remove(name);
            } catch (const Error&) {
                // The next writer does it; what went wrong first is what to report.
            }
        }
    }

    [[nodiscard]] std::uint64_t input_bytes() const {
        std::uint64_t bytes = 0;
        for (const LogState& input : plan_.inputs) {
            bytes += input.size;
        }
        return bytes;
    }

    io::Folder& folder_;
    const WriterLock& lock_;
    const Recovery& state_;
    const CompactionPlan& plan_;
    const std::optional<LogName>& sealed_;
    std::uint64_t max_log_size_;
    Progress* progress_;
    std::uint64_t done_bytes_ = 0;

    std::map<std::uint64_t, std::uint64_t> generations_;  // the highest in use, by log number
    std::uint64_t temporaries_ = 0;
    std::vector<std::string> temporary_names_;
    std::vector<std::pair<std::string, LogName>> names_;  // temporary and final ones, in order
    std::optional<LogName> tombstones_name_;
    std::optional<NewLog> current_;
    std::optional<NewLog> tombstones_;
};

}  // namespace

std::uint64_t CompactionPlan::bytes_after() const {
    std::uint64_t bytes = live_bytes + (drops_tombstones ? 0 : tombstone_bytes);
    for (const LogState& log : kept) {
        bytes += log.size;
    }
    return bytes;
}

bool CompactionPlan::has_input(const LogName& log) const {
    return std::ranges::find(inputs, log, &LogState::name) != inputs.end();
}

CompactionPlan plan_compaction(const Recovery& state, const CompactionOptions& options) {
    CompactionPlan plan;
    const std::uint64_t total = state.total_bytes();
    keydir::Totals totals = state.keydir.totals();
    if (percent(total - totals.live_bytes, total) < options.if_garbage_percent) {
        plan.kept = state.logs;
        return plan;
    }
    bool all_dead_bytes_in_inputs = state.damage.empty();
    for (const LogState& log : state.logs) {
        const keydir::Totals::Log& share = totals.logs[as_sealed(log.name)];
        const std::uint64_t dead = log.size - share.live_bytes;
        const bool empty = log.size == 0 && log.name.kind != LogKind::active;
        const bool worth_it = dead > 0 && percent(dead, log.size) >= options.min_garbage_percent;
        if ((empty || worth_it) && !state.has_damage(log.name)) {
            plan.inputs.push_back(log);
            plan.live_bytes += share.live_bytes;
            plan.tombstone_bytes += share.tombstone_bytes;
        } else {
            plan.kept.push_back(log);
            all_dead_bytes_in_inputs = all_dead_bytes_in_inputs && dead == 0;
        }
    }
    plan.drops_tombstones = all_dead_bytes_in_inputs;
    return plan;
}

CompactionReport report_of(const Recovery& state, const CompactionPlan& plan) {
    CompactionReport report;
    report.bytes_before = state.total_bytes();
    report.bytes_after = plan.bytes_after();
    report.logs_kept = plan.kept.size();
    for (const LogState& log : plan.inputs) {
        report.rewritten.push_back(log::file_name(log.name));
    }
    for (const log::Damage& damage : state.damage) {
        report.damage.push_back(damage.describe());
    }
    return report;
}

std::uint64_t run_compaction(io::Folder& folder, const WriterLock& lock, const Recovery& state,
                             const CompactionPlan& plan, const std::optional<LogName>& sealed,
                             std::uint64_t max_log_size, Progress* progress) {
    return Compaction{folder, lock, state, plan, sealed, max_log_size, progress}.run();
}

}  // namespace bitask::store

namespace bitask {

CompactionReport preview_compaction(const std::string& store, const CompactionOptions& options) {
    io::Environment& environment = io::posix_environment();
    const auto folder = environment.open_folder(store);
    if (!folder) {
        store::throw_no_store(store);
    }
    const auto state =
        store::recover_beside_writers(environment, *folder, store::Hints::ignored, {});
    return store::report_of(state, store::plan_compaction(state, options));
}

}  // namespace bitask
