#include "store/write_session.hpp"

#include "log/log_scanner.hpp"
#include "store/hint_files.hpp"
#include "store/leftovers.hpp"

#include <algorithm>
#include <utility>

// A session's way in: from the note of the last writer, or by a look at all there is.
namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;

}  // namespace

bool WriteSession::resume(const std::optional<LockNote>& note) {
    if (!note) {
        return false;
    }
    const auto manifest = read_manifest(environment_, *folder_, ManifestPart::head);
    if (manifest) {
        if (manifest->active_log != note->log || manifest->position > note->end ||
            !has_hints(*folder_, *manifest)) {
            return false;
        }
    } else if (note->end > options_.max_tail || !is_alone(LogName{note->log, 0, LogKind::active})) {
        return false;
    }
    const LogName name{note->log, 0, LogKind::active};
    const auto file = folder_->open(log::file_name(name), io::Access::read);
    const std::uint64_t size = file ? file->size() : 0;
    if (!file || size < note->end) {
        return false;
    }
    note_ = *note;
    newest_number_ = note->log;
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
    if (scanner.place().offset > note->end) {
        logs_unsynced_ = true;  // a killed writer has gone on behind the note
    }
    open_for_appending(name.number, scanner.place().offset);
    has_manifest_ = manifest.has_value();
    hinted_keys_ = manifest ? manifest->entries() : 0;
    tail_bytes_ = log_->end() - (manifest ? manifest->position : 0);
    after_kill_ = tail_bytes_ > options_.max_tail;  // in the midst of its commit
    return true;
}

// Whether the folder holds this log and no other. Leftovers are removed on the way.
bool WriteSession::is_alone(const LogName& log) {
    const Listing listing = list_store(*folder_);
    remove_unnamed_hints(listing, std::nullopt);
    if (!listing.temporaries.empty()) {
        remove_leftovers(listing);
    }
    return listing.logs == std::vector{log};
}

void WriteSession::remove_unnamed_hints(const Listing& listing,
                                        const std::optional<keydir::Manifest>& manifest) {
    for (const std::string& hint : listing.hints) {
        const bool named =
            manifest && std::ranges::any_of(manifest->hints, [&hint](const keydir::HintInfo& info) {
                return keydir::hint_file_name(info.number) == hint;
            });
        if (!named) {
            folder_->remove(hint);
        }
    }
}

// Only when no compaction is at work, which would miss it.
void WriteSession::remove_leftovers(const Listing& listing) {
    const auto no_compaction = CompactionLock::try_to_take(*folder_);
    if (no_compaction) {
        remove_compaction_leftovers(listing);
    }
}

void WriteSession::remove_compaction_leftovers() {
    remove_compaction_leftovers(list_store(*folder_));
}

void WriteSession::remove_compaction_leftovers(const Listing& listing) {
    for (const std::string& temporary : listing.temporaries) {
        folder_->remove(temporary);
    }
    const auto manifest = read_manifest(environment_, *folder_, ManifestPart::whole);
    if (manifest && has_hints(*folder_, *manifest) && knows_logs(*manifest, listing.logs)) {
        remove_logs(*folder_, leftovers(*manifest, listing.logs));
    }
}

void WriteSession::repair(const std::optional<LockNote>& note) {
    after_kill_ = true;
    // Nobody knows what a killed writer, or another program, has synced.
    names_unsynced_ = logs_unsynced_ = true;
    note_.synced = false;
    note_fits_ = false;
    const Listing listing = list_store(*folder_);
    if (!listing.logs.empty()) {
        newest_number_ = listing.logs.back().number;
    }
    auto manifest = read_manifest(environment_, *folder_, ManifestPart::whole);
    if (manifest && !has_hints(*folder_, *manifest)) {
        manifest.reset();
    }
    recover_all(manifest, note);
    remove_unnamed_hints(listing, state_.manifest);
    remove_leftovers(listing);
    if (!state_.lost_end.empty()) {
        options_.warn(state_.lost_end);
    }
    for (const log::Damage& torn : state_.torn_tails) {
        cut_off(torn);
    }
    note_.last_timestamp = state_.last_timestamp;
    note_.ordered_from = state_.ordered_from;
    note_.last_compaction = state_.last_compaction;
    const std::vector<LogState> logs = state_.logs;
    for (const LogState& log : logs) {
        const bool is_active =
            std::ranges::find(listing.logs, LogName{log.name.number, 0, LogKind::active}) !=
            listing.logs.end();
        if (log.name.kind != LogKind::active || !is_active) {
            continue;
        }
        open_for_appending(log.name.number, log.size);
        // Only the newest log may go on. Neither may one that ends in damage: what is appended
        // must be found again. Nor one of two of a number: sealed, it gets a generation, and a name
        // that no log can be taken for.
        if (log.name.number != newest_number_ || shares_number(listing.logs, log.name) ||
            state_.has_damage(log.name)) {
            seal_log();
        }
    }
    count_tail();
    has_manifest_ = state_.manifest.has_value();
    if (has_manifest_) {
        hinted_keys_ = state_.manifest->entries();
        tail_has_sealed_logs_ = newest_number_ != state_.manifest->active_log;
    } else {
        remove_manifest(*folder_);
    }
}

// Of all logs that are known.
void WriteSession::count_tail() {
    tail_bytes_ = state_.total_bytes();
    if (state_.manifest) {
        for (const keydir::Manifest::Log& log : state_.manifest->logs) {
            tail_bytes_ -= log.retired ? 0 : log.size;  // of which the state has no bytes either
        }
    }
}

void WriteSession::recover_all(const std::optional<keydir::Manifest>& manifest,
                               const std::optional<LockNote>& note) {
    stop_hint_maker();
    const RecoveryOptions options{.thorough = true, .all_logs = true};
    // A compaction may be removing logs that it has replaced.
    for (int i = 0; i < kMaxRecoveries; ++i) {
        const Listing listing = list_store(*folder_);
        std::optional<Recovery> state;
        if (manifest) {
            state = recover_tail(environment_, *folder_, *manifest, listing.logs, note, options);
        }
        if (!state) {
            state = recover(environment_, *folder_, listing.logs, note, options);
        }
        if (state) {
            state_ = std::move(*state);
            known_ = true;
            return;
        }
    }
    throw Error{ErrorKind::io, path_ + ": logs keep disappearing in spite of the lock"};
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

}  // namespace bitask::store
