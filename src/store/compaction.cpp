#include "store/compaction.hpp"

#include "bitask/error.hpp"
#include "keydir/hint.hpp"
#include "keydir/hint_writer.hpp"
#include "log/log_scanner.hpp"
#include "log/log_writer.hpp"
#include "store/leftovers.hpp"
#include "store/pacer.hpp"
#include "store/pair_sorter.hpp"
#include "store/places.hpp"
#include "store/record_chunk.hpp"

#include <algorithm>
#include <map>
#include <memory>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;

// New logs are synced so many at a time: the disk is then at work while others are copied.
constexpr std::size_t kMaxUnsynced = 64;

// In place of a record's new place: the record is not copied.
constexpr std::uint64_t kDropped = UINT64_MAX;

// A log in the making.
struct NewLog {
    CompactedLogs::Output output;
    log::LogWriter writer;
};

// In three passes. The key directory, in the order of keys, tells where the current records of the
// inputs are; sorted by their places, they are copied log by log; and sorted back, their new places
// go into a hint, in the order of keys again. So nothing is looked up, and memory is bounded.
//
// Where they are copied to, they stand in the order of their keys, a chunk at a time: a scan then
// finds the records of keys that follow each other in a few places, many at each.
class Compaction {
public:
    Compaction(io::Environment& environment, io::Folder& folder, const Recovery& state,
               const CompactionPlan& plan, const CompactionOptions& options,
               const CompactionWork& work)
        : folder_{folder},
          state_{state},
          plan_{plan},
          options_{options},
          work_{work},
          pacer_{environment, options.max_rate, options.should_stop},
          by_place_{folder},
          by_key_{folder} {
        for (const LogName& name : work.names) {
            auto& generation = generations_[name.number];
            generation = std::max(generation, name.generation);
        }
        for (const LogState& input : plan.inputs) {
            inputs_.add(input.name, input.size);
            input_bytes_ += input.size;
        }
        for (const LogState& log : plan.kept) {
            kept_.add(log.name, log.size);
        }
        result_.renews_hints = plan.renews_hints;
    }

    CompactedLogs run() {
        try {
            find_records();
            copy_logs();
            const bool whole = result_.inputs.size() == plan_.inputs.size();
            const bool nothing = result_.inputs.empty() && !plan_.merges_hints;
            if (nothing || (!whole && !plan_.may_stop_early())) {
                take_back();
                return {};
            }
            if (work_.writes_hints) {
                write_hint();
            }
            sync_all();
            return std::move(result_);
        } catch (const Error&) {
            take_back();
            throw;
        } catch (const keydir::HintDamaged&) {
            take_back();
            throw;
        } catch (const InputDamaged&) {
            take_back();
            throw;
        }
    }

private:
    void find_records() {
        if (plan_.inputs.empty()) {
            return;
        }
        if (work_.writes_hints && !plan_.renews_hints) {
            moving_file_ = folder_.create_unnamed();
        }
        std::optional<keydir::HintWriter> moving;
        if (moving_file_) {
            moving.emplace(*moving_file_, 0, work_.seed);
        }
        const auto entries = state_.keydir.cursor();
        std::uint64_t rank = 0;
        for (bool more = entries->seek({}); more; more = entries->next()) {
            const log::Location& place = entries->entry().location;
            if (const std::uint64_t* const begin = inputs_.begin_of(place.log)) {
                by_place_.add({*begin + place.offset, rank++});
                if (moving) {
                    moving->add(entries->key(), entries->entry());
                }
            }
        }
        by_place_.sort();
        if (moving) {
            moving_ = moving->finish();
        }
    }

    void copy_logs() {
        wanted_ = by_place_.next();
        for (const LogState& input : plan_.inputs) {
            if (options_.should_stop()) {
                break;
            }
            if (last_source_ && is_border(*last_source_, input.name)) {
                finish_current();
            }
            copy(input);
            result_.inputs.push_back(input.name);
        }
        finish_current();
        finish_tombstones();
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
        const auto file = folder_.open(log::file_name(input.name), io::Access::read);
        if (!file) {
            throw Error{ErrorKind::io, log::file_name(input.name) + ": the log has disappeared"};
        }
        log::LogScanner scanner{*file,
                                input.name,
                                {.size = input.size,
                                 .complete_up_to = input.size,
                                 .clean_end = std::nullopt,
                                 .thorough = false}};
        const std::uint64_t begin = *inputs_.begin_of(input.name);
        using Step = log::LogScanner::Step;
        for (Step step = scanner.next(); step != Step::end; step = scanner.next()) {
            if (step != Step::record) {
                throw InputDamaged{scanner.damage()};
            }
            pacer_.moved(scanner.header().record_size());
            if (wanted_ && wanted_->first == begin + scanner.place().offset) {
                copy_record(*file, scanner, wanted_->second);
                wanted_ = by_place_.next();
            }
            report(copied_bytes_ + scanner.position());
        }
        copied_bytes_ += input.size;
        if (options_.max_rate == 0) {
            file->forget();  // room for what is written; who reads it meanwhile finds it on the
                             // disk
        }
        if (wanted_ && wanted_->first < begin + input.size) {
            // No record begins there.
            throw keydir::HintDamaged{log::file_name(input.name) +
                                      ": a hint names a record that is not there"};
        }
    }

    void copy_record(const io::File& file, const log::LogScanner& scanner, std::uint64_t rank) {
        const log::Location& place = scanner.place();
        const log::RecordHeader& header = scanner.header();
        const bool small = !scanner.record().empty();
        const auto append = [&](NewLog& target) {
            if (small) {
                target.writer.append_copy(scanner.record());
            } else {
                target.writer.append_copy(file, place.offset, header.record_size());
            }
            count(target, header);
        };
        if (header.tombstone() && plan_.drops_tombstones_of(place.log)) {
            note_place(rank, kDropped);
            append(begun(tombstones_));
            return;
        }
        last_source_ = place.log;
        if (small) {
            chunk_.add(rank, scanner.record());
        } else {
            write_chunk();
            note_place(rank, outputs_.end() + begun(current_).writer.end());
            append(*current_);
        }
        const std::uint64_t written = current_ ? current_->writer.end() : 0;
        if (written + chunk_.bytes() > work_.max_log_size) {
            finish_current();  // a chunk never crosses from one log to the next
        } else if (chunk_.full()) {
            write_chunk();
        }
    }

    void write_chunk() {
        if (chunk_.empty()) {
            return;
        }
        NewLog& target = begun(current_);
        chunk_.take_all([&](std::uint64_t rank, std::string_view record) {
            note_place(rank, outputs_.end() + target.writer.end());
            target.writer.append_copy(record);
            count(target,
                  log::decode_header(std::as_bytes(std::span{record}).first<log::kHeaderSize>()));
        });
    }

    // Where a record is copied to.
    void note_place(std::uint64_t rank, std::uint64_t place) {
        if (work_.writes_hints) {
            by_key_.add({rank, place});
        }
    }

    static void count(NewLog& log, const log::RecordHeader& header) {
        (header.tombstone() ? log.output.share.tombstone_bytes : log.output.share.live_bytes) +=
            header.record_size();
    }

    NewLog& begun(std::optional<NewLog>& log) {
        if (!log) {
            CompactedLogs::Output output;
            output.temporary = next_temporary(plan_.inputs.back().name.number);
            auto file = folder_.create(output.temporary);
            temporaries_.push_back(output.temporary);
            log::LogWriter writer{std::move(file), output.temporary, 0};
            log.emplace(NewLog{std::move(output), std::move(writer)});
        }
        return *log;
    }

    std::string next_temporary(std::uint64_t number) {
        return log::temporary_name({number, ++temporary_, LogKind::sealed});
    }

    void finish_current() {
        write_chunk();
        if (current_) {
            const std::uint64_t number = last_source_->number;
            result_.logs.push_back(close(std::move(*current_), number, LogKind::sealed));
            outputs_.add(result_.logs.back().name, result_.logs.back().size);
            current_.reset();
        }
        last_source_.reset();
    }

    // Tombstones win ties against every input only behind all of them.
    void finish_tombstones() {
        if (tombstones_) {
            result_.tombstones = close(std::move(*tombstones_), plan_.inputs.back().name.number,
                                       LogKind::tombstones);
            tombstones_.reset();
        }
    }

    CompactedLogs::Output close(NewLog log, std::uint64_t number, LogKind kind) {
        log.writer.begin_sync();
        log.output.size = log.writer.end();
        log.output.name = {number, ++generations_[number], kind};
        CompactedLogs::Output output = log.output;
        unsynced_.push_back(std::move(log.writer));
        if (unsynced_.size() == kMaxUnsynced) {
            sync_all();
        }
        return output;
    }

    void sync_all() {
        for (log::LogWriter& writer : unsynced_) {
            writer.sync();
        }
        unsynced_.clear();
    }

    // Where a record of an input is now; nothing when it has been dropped.
    [[nodiscard]] std::optional<log::Location> moved(const log::Location& place,
                                                     std::uint64_t rank) {
        const auto pair = by_key_.next();
        if (!pair || pair->first != rank) {
            throw keydir::HintDamaged{log::file_name(place.log) + ": hints have changed"};
        }
        return pair->second == kDropped ? std::nullopt
                                        : std::optional{outputs_.location(pair->second)};
    }

    void write_hint() {
        by_key_.sort();
        const std::uint64_t* const first_left =
            result_.inputs.size() == plan_.inputs.size()
                ? nullptr
                : inputs_.begin_of(plan_.inputs[result_.inputs.size()].name);
        const std::uint64_t done_end = first_left == nullptr ? inputs_.end() : *first_left;
        const std::string temporary = next_temporary(state_.logs.back().name.number);
        const auto file = folder_.create(temporary);
        temporaries_.push_back(temporary);
        keydir::HintWriter writer{*file, 0, work_.seed};
        std::optional<keydir::Hint> moving;
        std::unique_ptr<keydir::Cursor> entries;
        if (moving_) {
            moving.emplace(std::move(moving_file_), *moving_);
            entries = std::make_unique<keydir::HintCursor>(*moving);
        } else {
            entries = state_.keydir.cursor();
        }
        std::uint64_t rank = 0;
        for (bool more = entries->seek({}); more; more = entries->next()) {
            keydir::Entry entry = entries->entry();
            const std::uint64_t* const begin = inputs_.begin_of(entry.location.log);
            const std::uint64_t this_rank = rank;
            rank += begin != nullptr ? 1 : 0;
            if (begin != nullptr && *begin < done_end) {
                const auto place = moved(entry.location, this_rank);
                if (!place) {
                    continue;
                }
                entry.location = *place;
            } else if (moving_) {
                continue;  // the compaction was stopped before it came to that log
            }
            // Other hints may call it active, and go before this in ties, being newer.
            entry.location.log = as_sealed(entry.location.log);
            if (!entry.live() && begin == nullptr &&
                kept_.begin_of(entry.location.log) == nullptr) {
                continue;  // dropped by an earlier compaction, beside which its hint was merged
            }
            writer.add(entries->key(), entry);
        }
        result_.hint = CompactedLogs::Hint{temporary, writer.finish()};
        file->sync();
    }

    void report(std::uint64_t bytes) const {
        if (options_.progress != nullptr) {
            options_.progress->advance(bytes, input_bytes_);
        }
    }

    void take_back() {
        current_.reset();
        tombstones_.reset();
        unsynced_.clear();
        for (const std::string& name : temporaries_) {
            remove_quietly(folder_, name);
        }
    }

    io::Folder& folder_;
    const Recovery& state_;
    const CompactionPlan& plan_;
    const CompactionOptions& options_;
    const CompactionWork& work_;
    Pacer pacer_;

    Places inputs_;
    Places kept_;
    std::uint64_t input_bytes_ = 0;
    std::uint64_t copied_bytes_ = 0;  // of them
    PairSorter by_place_;  // place in the inputs, rank among their entries in the order of keys
    PairSorter by_key_;    // rank, place in the outputs
    std::unique_ptr<io::File> moving_file_;   // a hint of the records that move, as they were
    std::optional<keydir::HintInfo> moving_;  // likewise; not where all hints are made anew
    std::optional<NumberPair> wanted_;        // the next record to be copied

    std::map<std::uint64_t, std::uint64_t> generations_;  // the highest in use, by log number
    std::uint64_t temporary_ = 0;
    std::vector<std::string> temporaries_;
    Places outputs_;     // those that are finished
    RecordChunk chunk_;  // for the log that is being made
    std::optional<NewLog> current_;
    std::optional<LogName> last_source_;  // of what is in these two
    std::optional<NewLog> tombstones_;
    std::vector<log::LogWriter> unsynced_;
    CompactedLogs result_;
};

}  // namespace

CompactedLogs compact_logs(io::Environment& environment, io::Folder& folder, const Recovery& state,
                           const CompactionPlan& plan, const CompactionOptions& options,
                           const CompactionWork& work) {
    return Compaction{environment, folder, state, plan, options, work}.run();
}

void discard(io::Folder& folder, const CompactedLogs& logs) {
    for (const CompactedLogs::Output& log : logs.logs) {
        remove_quietly(folder, log.temporary);
    }
    if (logs.tombstones) {
        remove_quietly(folder, logs.tombstones->temporary);
    }
    if (logs.hint) {
        remove_quietly(folder, logs.hint->temporary);
    }
}

}  // namespace bitask::store
