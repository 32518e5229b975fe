#include "store/recovery.hpp"

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "log/log_scanner.hpp"
#include "store/hint_files.hpp"
#include "store/leftovers.hpp"
#include "store/listing.hpp"
#include "store/writer_lock.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

namespace bitask::store {
namespace {

// How often a reader looks again before it calls something damaged: a writer may just have cut
// off a torn record and written over it.
constexpr int kLooksAtDamage = 3;

// How much memory the table of a key directory may take.
constexpr std::size_t kMaxTableMemory = std::size_t{8} * 1024 * 1024;

// How often a reader looks again before it takes a manifest for stale.
constexpr int kMaxMisfits = 3;

class Replay {
public:
    Replay(io::Environment& environment, const std::vector<log::LogName>& logs,
           const std::optional<LockNote>& note, const RecoveryOptions& options)
        : environment_{environment}, note_{note}, options_{options} {
        result_.listed = logs;
        result_.note = note;
        // Without a note nobody knows who has written what there is.
        result_.ordered_from = note ? note->ordered_from : next_number(logs);
        result_.last_compaction = note ? note->last_compaction : 0;
        result_.last_timestamp = note ? note->last_timestamp : 0;
    }

    void set_total(std::uint64_t bytes) { total_bytes_ = bytes; }

    // Begins with what the hints of a manifest speak of, in place of nothing.
    void begin_with(const io::Folder& folder, const keydir::Manifest& manifest) {
        result_.manifest = manifest;
        result_.keydir = keydir::Keydir{folder, manifest.hints, manifest.totals()};
        result_.last_timestamp = std::max(result_.last_timestamp, manifest.last_timestamp);
        result_.last_compaction = std::max(result_.last_compaction, manifest.last_compaction);
        for (const keydir::Manifest::Log& log : manifest.logs) {
            if (!log.retired &&
                log.name != log::LogName{manifest.active_log, 0, log::LogKind::sealed}) {
                result_.logs.push_back({log.name, log.size});
            }
        }
    }

    // `from`: what stands before it is known already.
    void add_log(const log::LogName& name, const io::File& file, std::uint64_t from,
                 const log::Bounds& bounds) {
        const std::uint64_t size = bounds.size;
        note_lost_end(name, size);
        log::LogScanner scanner{file, name, bounds, from};
        LogState state{name, size};
        using Step = log::LogScanner::Step;
        for (Step step = scanner.next(); step != Step::end; step = scanner.next()) {
            switch (step) {
                case Step::record: add_record(scanner); break;
                case Step::damage: add_damage(scanner.damage()); break;
                case Step::torn_tail:
                    result_.torn_tails.push_back(scanner.damage());
                    state.size = scanner.place().offset;
                    break;
                case Step::end: break;
            }
            report(scanner.position());
        }
        done_bytes_ += size;
        report(0);
        result_.logs.push_back(state);
    }

    [[nodiscard]] Recovery take() { return std::move(result_); }

private:
    static std::uint64_t next_number(const std::vector<log::LogName>& logs) {
        if (logs.empty()) {
            return 0;
        }
        const std::uint64_t newest = logs.back().number;
        return newest == UINT64_MAX ? newest : newest + 1;
    }

    // What is written from now on must count as newer than what was lost.
    void add_damage(const log::Damage& damage) {
        result_.damage.push_back(damage);
        result_.last_timestamp = std::max(result_.last_timestamp, damage.timestamp.value_or(0));
        if (!damage.timestamp) {
            undated_.push_back(result_.damage.size() - 1);
        }
    }

    // Clocks run forward as a rule: what was lost is taken to be no newer than all that was read
    // before it and the record that was read next; in a log that a compaction has written, where
    // records are in no such order, the next one of another log.
    void date_damage(const log::LogName& next) {
        std::erase_if(undated_, [&](std::size_t index) {
            log::Damage& damage = result_.damage[index];
            if (damage.place.log.generation != 0 && damage.place.log == next) {
                return false;
            }
            damage.timestamp = result_.last_timestamp;
            return true;
        });
    }

    void note_lost_end(const log::LogName& name, std::uint64_t size) {
        if (note_ && note_->synced && note_->log == name.number && note_->end > size &&
            name.kind != log::LogKind::tombstones && name.generation == 0) {
            result_.lost_end = log::file_name(name) + ": offset " + std::to_string(size) +
                               ": the log's end is missing (" + std::to_string(note_->end - size) +
                               " bytes that were synced)";
        }
    }

    void add_record(const log::LogScanner& scanner) {
        const keydir::Entry entry{scanner.place(), scanner.header()};
        if (is_behind_the_note(entry.location) && entry.header.timestamp < result_.last_timestamp) {
            result_.ordered_from = entry.location.log.number + 1;  // not our writing
        }
        ++result_.records;
        result_.disorder = result_.disorder || entry.header.timestamp < result_.last_timestamp;
        result_.last_timestamp = std::max(result_.last_timestamp, entry.header.timestamp);
        if (!undated_.empty()) {
            date_damage(entry.location.log);
        }
        if (options_.only_key && scanner.key() != *options_.only_key) {
            return;
        }
        const auto newer = result_.keydir.apply(scanner.key(), entry);
        if (newer && newer->header.timestamp > entry.header.timestamp) {
            judge_disorder(scanner.key(), *newer, entry);
        }
        result_.fits_hints = result_.fits_hints && scanner.key().size() <= kMaxKeySize;
        if (result_.keydir.table().memory() > spill_at_ && !result_.manifest) {
            result_.keydir.spill(*environment_.open_scratch_folder());
            spill_at_ = result_.keydir.table().memory() + kMaxTableMemory;
        }
    }

    [[nodiscard]] bool is_behind_the_note(const log::Location& place) const {
        return note_ && !result_.in_order(place) && place.log.number >= note_->log;
    }

    // A record stands behind another of its key that has a higher timestamp. Clocks of the
    // reference, and its compaction, bring that about; a writer of ours never does, so in a range
    // that is known to be in order one of the two timestamps is damaged.
    void judge_disorder(std::string_view key, const keydir::Entry& earlier,
                        const keydir::Entry& later) {
        if (!result_.in_order(earlier.location) || !result_.in_order(later.location)) {
            return;
        }
        for (const keydir::Entry* entry : {&earlier, &later}) {
            if (std::ranges::find(result_.damage, entry->location, &log::Damage::place) !=
                result_.damage.end()) {
                continue;  // known from another record of the key
            }
            result_.damage.push_back({.place = entry->location,
                                      .size = entry->header.record_size(),
                                      .reason = "timestamps run backwards, one is damaged",
                                      .timestamp = earlier.header.timestamp,
                                      .keys = {std::string{key}},
                                      .to_the_end = false,
                                      .key_check = {}});
        }
    }

    void report(std::uint64_t in_this_log) const {
        if (options_.progress != nullptr) {
            options_.progress->advance(done_bytes_ + in_this_log, total_bytes_);
        }
    }

    io::Environment& environment_;
    const std::optional<LockNote>& note_;
    const RecoveryOptions& options_;
    std::uint64_t done_bytes_ = 0;
    std::uint64_t total_bytes_ = 0;
    std::size_t spill_at_ = kMaxTableMemory;
    std::vector<std::size_t> undated_;  // damage with a timestamp that is not known yet
    Recovery result_;
};

// Whether a record is certain to be newer than what was lost. Where records are in order, their
// places tell, and a damaged timestamp does no harm.
bool is_newer(const Recovery& state, const keydir::Entry& entry, const log::Damage& damage) {
    const bool behind = entry.location > damage.place;
    if (state.in_order(entry.location) && (behind || state.in_order(damage.place))) {
        return behind;
    }
    // Without a timestamp nothing whole was read behind it.
    return entry.location != damage.place && damage.timestamp &&
           entry.newer_than(*damage.timestamp, damage.place);
}

std::optional<std::uint64_t> total_size(const io::Folder& folder,
                                        const std::vector<log::LogName>& logs) {
    std::uint64_t total = 0;
    for (const log::LogName& name : logs) {
        const auto file = open_log(folder, name, logs);
        if (!file) {
            return std::nullopt;
        }
        total += file->size();
    }
    return total;
}

}  // namespace

std::uint64_t Recovery::total_bytes() const {
    return std::accumulate(logs.begin(), logs.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const LogState& log) { return sum + log.size; });
}

bool Recovery::seal_last(const log::LogName& active, std::uint64_t size) {
    if (!damage.empty() ||  // whose places speak of the log under the name that it had
        logs.empty() || listed.empty() || logs.back().name != active || listed.back() != active) {
        return false;
    }
    logs.back() = {as_sealed(active), size};
    listed.back() = as_sealed(active);
    if (!manifest || manifest->active_log != active.number) {  // else the hints call it active, too
        keydir.rename(active, as_sealed(active));
    }
    return true;
}

bool Recovery::has_damage(const log::LogName& log) const {
    return std::ranges::any_of(
        damage, [&log](const log::Damage& damaged) { return damaged.place.log == log; });
}

bool Recovery::in_order(const log::Location& place) const {
    return note && place.log.number >= note->ordered_from &&
           (place.log.number < note->log ||
            (place.log.number == note->log && place.offset < note->end));
}

const log::Damage* Recovery::doubt(std::string_view key,
                                   const std::optional<keydir::Entry>& known) const {
    const log::Damage* unnamed = nullptr;
    for (const log::Damage& damaged : damage) {
        if (!damaged.may_hold(key) || (known && is_newer(*this, *known, damaged))) {
            continue;
        }
        if (damaged.names_its_keys()) {
            return &damaged;
        }
        unnamed = &damaged;
    }
    return unnamed;
}

log::Bounds bounds_of(const log::LogName& log, std::uint64_t size,
                      const std::optional<LockNote>& note, bool thorough) {
    log::Bounds bounds{
        .size = size, .complete_up_to = 0, .clean_end = std::nullopt, .thorough = thorough};
    if (log.kind != log::LogKind::active) {
        bounds.complete_up_to = size;
    } else if (note && note->log == log.number && note->end <= size) {
        bounds.complete_up_to = note->end;
        bounds.clean_end = note->end;
    } else if (note && note->log < log.number) {
        bounds.clean_end = 0;  // since the log began, no writer has left in good order
    }
    return bounds;
}

std::optional<Recovery> recover(io::Environment& environment, const io::Folder& folder,
                                const std::vector<log::LogName>& logs,
                                const std::optional<LockNote>& note,
                                const RecoveryOptions& options) {
    Replay replay{environment, logs, note, options};
    if (options.progress != nullptr) {
        const auto total = total_size(folder, logs);
        if (!total) {
            return std::nullopt;
        }
        replay.set_total(*total);
    }
    for (const log::LogName& name : logs) {
        const auto file = open_log(folder, name, logs);
        if (!file) {
            return std::nullopt;
        }
        replay.add_log(name, *file, 0, bounds_of(name, file->size(), note, options.thorough));
    }
    return replay.take();
}

namespace {

// The log in which the tail begins: the one that was active when the manifest was written.
struct TailLog {
    std::unique_ptr<io::File> file;  // null when there is no such log, or it is too short
    log::LogName name;               // that it has now
    std::uint64_t size = 0;          // in bytes
};

// It may have been sealed since, but only where a listing says that it has.
TailLog open_tail_log(const io::Folder& folder, const keydir::Manifest& manifest,
                      const std::vector<log::LogName>* logs) {
    TailLog log;
    log.name = {manifest.active_log, 0, log::LogKind::active};
    log.file = folder.open(log::file_name(log.name), io::Access::read);
    if (!log.file && logs != nullptr) {
        log.name = as_sealed(log.name);
        log.file = folder.open(log::file_name(log.name), io::Access::read);
    }
    log.size = log.file ? log.file->size() : 0;
    if (log.size < manifest.position) {
        log.file.reset();
    }
    return log;
}

std::optional<Recovery> replay_tail(io::Environment& environment, const io::Folder& folder,
                                    const keydir::Manifest& manifest, const TailLog& log,
                                    const std::vector<log::LogName>& listed,
                                    const std::optional<LockNote>& note,
                                    const RecoveryOptions& options) {
    const log::LogName active{manifest.active_log, 0, log::LogKind::active};
    Replay replay{environment, listed, note, options};
    replay.begin_with(folder, manifest);
    // Under the name that it had, whatever it has now: the hints call it so, too.
    replay.add_log(active, *log.file, manifest.position,
                   bounds_of(log.name, log.size, note, options.thorough));
    for (const log::LogName& name : listed) {
        if (as_sealed(name) <= as_sealed(active)) {
            continue;
        }
        const auto newer = open_log(folder, name, listed);
        if (!newer) {
            return std::nullopt;
        }
        replay.add_log(name, *newer, 0, bounds_of(name, newer->size(), note, options.thorough));
    }
    return replay.take();
}

}  // namespace

std::optional<Recovery> recover_tail(io::Environment& environment, const io::Folder& folder,
                                     const keydir::Manifest& manifest,
                                     const std::vector<log::LogName>& logs,
                                     const std::optional<LockNote>& note,
                                     const RecoveryOptions& options) {
    if (!knows_logs(manifest, logs)) {
        return std::nullopt;
    }
    const TailLog log = open_tail_log(folder, manifest, &logs);
    if (!log.file) {
        return std::nullopt;
    }
    return replay_tail(environment, folder, manifest, log, logs, note, options);
}

namespace {

// Without a listing: what a manifest speaks of, and the rest of the log that was active then.
// Nothing when there is no manifest, or another log has become the active one since.
std::optional<Recovery> recover_quickly(io::Environment& environment, const io::Folder& folder,
                                        const RecoveryOptions& options) {
    const auto manifest = read_manifest(environment, folder, ManifestPart::head);
    if (!manifest) {
        return std::nullopt;
    }
    TailLog log = open_tail_log(folder, *manifest, nullptr);
    if (!log.file) {
        return std::nullopt;
    }
    auto recovery =
        replay_tail(environment, folder, *manifest, log, {log.name}, std::nullopt, options);
    if (!recovery ||
        (recovery->damage.empty() && recovery->torn_tails.empty() && !recovery->disorder)) {
        return recovery;
    }
    // A note helps to judge. It goes first: it may then be older than the log, but never newer.
    const auto note = read_note(folder);
    log.size = std::max(log.file->size(), manifest->position);
    return replay_tail(environment, folder, *manifest, log, {log.name}, note, options);
}

// Nothing when it is time to look again.
std::optional<Recovery> look(io::Environment& environment, const io::Folder& folder, Hints hints,
                             const RecoveryOptions& options, int& misfits) {
    if (hints == Hints::trusted && !options.all_logs) {
        if (auto recovery = recover_quickly(environment, folder, options)) {
            return recovery;
        }
    }
    const auto note = read_note(folder);  // before the logs, here too
    const Listing listing = list_store_beside_writers(folder);
    if (!listing.is_store()) {
        throw_no_store(folder.path());
    }
    const auto manifest = hints == Hints::trusted
                              ? read_manifest(environment, folder, ManifestPart::whole)
                              : std::nullopt;
    if (manifest) {
        auto recovery = recover_tail(environment, folder, *manifest, listing.logs, note, options);
        // One that does not fit: a writer may just have put another in its place.
        if (recovery || ++misfits <= kMaxMisfits) {
            return recovery;
        }
    }
    if (options.spare_leftovers) {
        if (const auto known = read_manifest(environment, folder, ManifestPart::whole)) {
            return recover(environment, folder, without_leftovers(*known, listing.logs), note,
                           options);
        }
    }
    return recover(environment, folder, listing.logs, note, options);
}

}  // namespace

Recovery recover_beside_writers(io::Environment& environment, const io::Folder& folder, Hints hints,
                                const RecoveryOptions& options) {
    int looks_at_damage = 0;
    int misfits = 0;
    for (int i = 0; i < kMaxRecoveries; ++i) {
        auto recovery = look(environment, folder, hints, options, misfits);
        if (!recovery) {
            continue;
        }
        const bool may_be_a_writer_at_work =
            std::ranges::any_of(recovery->damage, [](const log::Damage& damaged) {
                return damaged.place.log.kind == log::LogKind::active;
            });
        if (!may_be_a_writer_at_work || looks_at_damage >= kLooksAtDamage) {
            return std::move(*recovery);
        }
        environment.sleep(std::chrono::milliseconds{1 << looks_at_damage});
        ++looks_at_damage;
    }
    throw Error{ErrorKind::io, folder.path() + ": logs keep disappearing while they are read"};
}

}  // namespace bitask::store
