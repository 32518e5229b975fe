#include "store/write_session.hpp"

#include "log/log_scanner.hpp"

#include <algorithm>
#include <utility>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;

std::unique_ptr<io::Folder> open_store(io::Environment& environment, const std::string& store,
                                       bool create) {
    auto folder = environment.open_folder(store);
    if (!folder && create) {
        environment.create_folder(store);
        folder = environment.open_folder(store);
    }
    // Looked at before the lock, which would make a store of any folder.
    if (!folder || (!create && !list_store(*folder).is_store())) {
        throw_no_store(store);
    }
    return folder;
}

}  // namespace

WriteSession::WriteSession(io::Environment& environment, std::string path, WriterOptions options)
    : environment_{environment},
      path_{std::move(path)},
      options_{std::move(options)},
      folder_{open_store(environment, path_, options_.create)},
      lock_{*folder_, options_.wait} {
    const Listing listing = list_store(*folder_);
    for (const std::string& leftover : listing.temporaries) {
        folder_->remove(leftover);
    }
    if (!listing.logs.empty()) {
        newest_number_ = listing.logs.back().number;
    }
    const auto note = lock_.note();
    if (!resume(listing, note)) {
        repair(listing, note);
    }
}

bool WriteSession::remove(std::string_view key) {
    if (key.empty()) {
        throw Error{ErrorKind::usage, "empty key"};
    }
    const Recovery& state = replayed();
    const auto known = state.keydir.find(key);
    // Where a lost record may have been the key's newest, a tombstone makes sure of it.
    if ((!known || !known->live()) && state.doubt(key, known) == nullptr) {
        return false;
    }
    append(key, std::string_view{});
    return true;
}

void WriteSession::commit() {
    if (!changed_) {
        return;
    }
    begin_change();
    lock_.check();
    if (options_.durability == Durability::synced) {
        sync_before();
        log_->sync();
        note_.synced = true;
    } else {
        log_->flush();
        note_.synced = false;
    }
    note_.end = log_->end();
    lock_.leave_note(note_);
    changed_ = false;
    failed_ = false;
}

std::uint64_t WriteSession::salvage() {
    if (options_.durability == Durability::synced) {
        sync_before();
        if (log_) {
            log_->sync_written();
        }
    }
    return changes_in_sealed_logs_ + (log_ ? log_->records_written() : 0);
}

void WriteSession::begin_change() {
    if (failed_) {
        throw Error{ErrorKind::io, path_ + ": closed after an earlier failure"};
    }
    failed_ = true;
}

std::uint64_t WriteSession::next_timestamp() {
    const std::uint64_t now = std::min(environment_.now_milliseconds(), log::kMaxTimestamp);
    note_.last_timestamp = std::max(now, note_.last_timestamp);
    return note_.last_timestamp;
}

bool WriteSession::resume(const Listing& listing, const std::optional<LockNote>& note) {
    if (!note || listing.logs.empty() ||
        listing.logs.back() != LogName{note->log, 0, LogKind::active} ||
        std::ranges::count(listing.logs, LogKind::active, &LogName::kind) != 1) {
        return false;
    }
    const LogName name = listing.logs.back();
    const auto file = folder_->open(log::file_name(name), io::Access::read);
    const std::uint64_t size = file ? file->size() : 0;
    if (!file || size < note->end) {
        return false;
    }
    note_ = *note;
    names_unsynced_ = logs_unsynced_ = !note->synced;
    log::LogScanner scanner{*file, name, bounds_of(name, size, note, true), note->end};
    using Step = log::LogScanner::Step;
    Step step = scanner.next();
    for (; step == Step::record; step = scanner.next()) {
        if (scanner.header().timestamp < note_.last_timestamp) {
            note_.ordered_from = name.number + 1;  // not our writing
        }
        note_.last_timestamp = std::max(note_.last_timestamp, scanner.header().timestamp);
    }
    if (step == Step::damage) {
        return false;
    }
    if (step == Step::torn_tail) {
        cut_off(scanner.damage());
    }
    open_for_appending(name.number, scanner.place().offset);
    return true;
}

void WriteSession::repair(const Listing& listing, const std::optional<LockNote>& note) {
    // Nobody knows what a killed writer, or another program, has synced.
    names_unsynced_ = logs_unsynced_ = true;
    note_.synced = false;
    note_fits_ = false;
    auto state = recover(*folder_, listing.logs, note, true, nullptr);
    if (!state) {
        throw Error{ErrorKind::io, path_ + ": logs disappear in spite of the lock"};
    }
    if (!state->lost_end.empty()) {
        options_.warn(state->lost_end);
    }
    for (const log::Damage& torn : state->torn_tails) {
        cut_off(torn);
    }
    note_.last_timestamp = state->last_timestamp;
    note_.ordered_from = state->ordered_from;
    note_.last_compaction = state->last_compaction;
    for (const LogState& log : state->logs) {
        if (log.name.kind != LogKind::active) {
            continue;
        }
        open_for_appending(log.name.number, log.size);
        // Only the newest log may go on. Neither may one that ends in damage: what is appended
        // must be found again.
        if (log.name.number != newest_number_ || state->has_damage(log.name)) {
            seal_log();
        }
    }
    replayed_ = std::move(state);
}

void WriteSession::cut_off(const log::Damage& torn) {
    const auto file = folder_->open(log::file_name(torn.place.log), io::Access::read_write);
    if (!file) {
        throw Error{ErrorKind::io, log::file_name(torn.place.log) + ": the log has disappeared"};
    }
    file->truncate(torn.place.offset);
    options_.warn(log::file_name(torn.place.log) + ": offset " + std::to_string(torn.place.offset) +
                  ": cut off an unfinished record of " + std::to_string(torn.size) +
                  " bytes that a stopped writer left behind");
}

void WriteSession::open_for_appending(std::uint64_t number, std::uint64_t end) {
    const LogName name{number, 0, LogKind::active};
    auto file = folder_->open(log::file_name(name), io::Access::read_write);
    if (!file) {
        throw Error{ErrorKind::io, log::file_name(name) + ": the log has disappeared"};
    }
    note_.log = number;
    log_ = std::make_unique<log::LogWriter>(std::move(file), log::file_name(name), end);
}

void WriteSession::make_room() {
    if (!note_fits_) {
        // A note that fits by its size alone, once the log has grown, would be believed. And from
        // now on it is known what has never been promised to anyone.
        note_.end = log_ ? log_->end() : 0;
        lock_.replace_note(note_, options_.durability == Durability::synced);
        note_fits_ = true;
    }
    if (log_ && log_->end() > options_.max_log_size) {
        seal_log();
    }
    if (!log_) {
        start_log();
    }
    changed_ = true;
}

void WriteSession::start_log() {
    if (newest_number_ == UINT64_MAX) {
        throw Error{ErrorKind::io, path_ + ": the store has no log number left"};
    }
    const std::uint64_t number = std::max(environment_.now_milliseconds(), newest_number_ + 1);
    const std::string name = log::file_name({number, 0, LogKind::active});
    log_ = std::make_unique<log::LogWriter>(folder_->create(name), name, 0);
    note_.log = newest_number_ = number;
    names_unsynced_ = true;
}

// Synced before it is renamed: a sealed log counts as complete for ever.
LogName WriteSession::seal_log() {
    lock_.check();
    if (options_.durability == Durability::synced) {
        sync_logs_before();
        log_->sync();
    } else {
        log_->flush();
    }
    // The reference may have given another log the same number, and a rename replaces files.
    LogName sealed{note_.log, 0, LogKind::sealed};
    while (folder_->identity(log::file_name(sealed))) {
        ++sealed.generation;
    }
    folder_->rename(log::file_name(active()), log::file_name(sealed));
    if (options_.durability == Durability::synced) {
        // Now, not at the end: a later log must not survive a power cut that this one does not.
        folder_->sync();
    }
    changes_in_sealed_logs_ += log_->records_written();
    log_.reset();
    return sealed;
}

// What earlier writers have left to the kernel: a change must not survive a power cut that those
// before it do not.
void WriteSession::sync_logs_before() {
    if (logs_unsynced_) {
        for (const LogName& log : list_store(*folder_).logs) {
            sync_log(log);
        }
        logs_unsynced_ = false;
    }
}

void WriteSession::sync_before() {
    sync_logs_before();
    if (names_unsynced_) {
        folder_->sync();
        environment_.sync_path(path_);
        names_unsynced_ = false;
    }
}

void WriteSession::sync_log(const LogName& log) {
    const auto file = folder_->open(log::file_name(log), io::Access::read);
    if (!file) {
        throw Error{ErrorKind::io, log::file_name(log) + ": the log has disappeared"};
    }
    file->sync();
}

Recovery& WriteSession::replayed() {
    if (!replayed_) {
        if (log_) {
            log_->flush();
        }
        replayed_ = recover(*folder_, list_store(*folder_).logs, lock_.note(), true, nullptr);
        if (!replayed_) {
            throw Error{ErrorKind::io, path_ + ": logs disappear in spite of the lock"};
        }
    }
    return *replayed_;
}

void WriteSession::remember(std::string_view key, const log::Location& place,
                            std::uint64_t value_size) {
    if (replayed_) {
        replayed_->keydir.apply(key,
                                {.location = place,
                                 .header = {.crc = 0,
                                            .timestamp = note_.last_timestamp,
                                            .key_size = static_cast<std::uint32_t>(key.size()),
                                            .value_size = static_cast<std::uint32_t>(value_size)}});
    }
}

// Old records are about to go: what supersedes them must not be less safe than they were.
void WriteSession::sync_kept(const CompactionPlan& plan) {
    for (const LogState& log : plan.kept) {
        sync_log(log.name);
    }
    folder_->sync();
}

CompactionReport WriteSession::compact(const CompactionOptions& options) {
    replayed_.reset();
    const Recovery& state = replayed();
    const CompactionPlan plan = plan_compaction(state, options);
    CompactionReport report = report_of(state, plan);
    if (plan.inputs.empty()) {
        return report;
    }
    begin_change();
    options_.durability = Durability::synced;
    std::optional<LogName> sealed;
    if (log_ && plan.has_input(active())) {
        sealed = seal_log();
    }
    if (!log_) {
        start_log();
    }
    sync_kept(plan);
    report.logs_written = run_compaction(*folder_, lock_, state, plan, sealed,
                                         options_.max_log_size, options.progress);
    note_.last_compaction = environment_.now_milliseconds();
    changed_ = true;
    failed_ = false;
    commit();
    replayed_.reset();
    return report;
}

}  // namespace bitask::store
