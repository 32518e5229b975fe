#include "store/write_session.hpp"

#include "store/hint_files.hpp"
#include "store/leftovers.hpp"

#include <algorithm>
#include <utility>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;

// In the midst of a session, in bytes: of logs that no hint speaks of. The more it has written, the
// more there may be, so that hints are few enough not to be merged before the end of most loads.
constexpr std::uint64_t kMinTailInSession = std::uint64_t{4} * 1024 * 1024;
constexpr std::uint64_t kMaxTailInSession = std::uint64_t{8} * 1024 * 1024;
constexpr std::uint64_t kTailPart = 32;  // of what hints were made of

constexpr std::size_t kSmallestTable = std::size_t{1} * 1024 * 1024;

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
      lock_{*folder_, options_.wait},
      max_tail_{kMinTailInSession} {
    const auto note = lock_.note();
    if (!resume(note)) {
        repair(note);
    }
}

bool WriteSession::remove(std::string_view key) {
    return remove(key, key.empty() ? std::nullopt : find(key));
}

void WriteSession::remove(const KeyBatch& keys,
                          const std::function<void(std::size_t, bool)>& removed) {
    const FoundKeys found = find(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        removed(i, found.repeated[i] == 0 && remove(keys[i], found.entries[i]));
    }
}

bool WriteSession::remove(std::string_view key, const std::optional<keydir::Entry>& known) {
    if (key.empty()) {
        throw Error{ErrorKind::usage, "empty key"};
    }
    // Where a lost record may have been the key's newest, a tombstone makes sure of it.
    if ((!known || !known->live()) && state_.doubt(key, known) == nullptr) {
        return false;
    }
    append(key, std::string_view{});
    return true;
}

void WriteSession::commit() {
    if (changed_) {
        commit_changes();
    }
    const bool long_tail = hints_failed() || tail_bytes_ > options_.max_tail;
    // A load that makes up much of the store leaves one hint, as a compaction does.
    const bool loaded = published_ && changed_at_least(kMuch);
    const bool to_be_counted = published_ && !has_totals_ && changed_at_least(kSome);
    if ((has_manifest_ && tail_has_sealed_logs_) || long_tail || loaded || to_be_counted) {
        publish(loaded ? Publishing::as_one : Publishing::at_end);
        published_ = false;
        changes_merged_ = loaded ? changes_written() : changes_merged_;
    }
}

void WriteSession::commit_changes() {
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
    return changes_written();
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
    if (makes_hints_ && (tail_bytes_ > max_tail_ || table_memory() > max_table_memory())) {
        // Lest a reader, or whoever comes after a kill, have much to scan.
        hinted_bytes_ += tail_bytes_;
        max_tail_ = std::clamp(hinted_bytes_ / kTailPart, kMinTailInSession, kMaxTailInSession);
        publish(Publishing::on_the_way);
    }
    changed_ = true;
}

// Of what no hint speaks of yet.
std::size_t WriteSession::table_memory() const {
    return known_ ? state_.keydir.table().memory() : fresh_.memory();
}

// One table grows while another one becomes a hint.
std::size_t WriteSession::max_table_memory() const {
    return std::max(options_.max_memory / 2, kSmallestTable);
}

void WriteSession::start_log() {
    const Listing listing = list_store(*folder_);
    const bool foreign_logs = !listing.logs.empty() && listing.logs.back().number > newest_number_;
    if (foreign_logs) {
        newest_number_ = listing.logs.back().number;
    }
    if (!listing.temporaries.empty() && !hint_maker_) {  // whose new manifest may be among them
        remove_leftovers(listing);
    }
    if (newest_number_ == UINT64_MAX) {
        throw Error{ErrorKind::io, path_ + ": the store has no log number left"};
    }
    const std::uint64_t number = std::max(environment_.now_milliseconds(), newest_number_ + 1);
    if (foreign_logs) {
        // Another program has made logs since: their records may be older than those before them.
        known_ = false;
        note_.last_timestamp = std::max(note_.last_timestamp, known().last_timestamp);
        note_.ordered_from = number;
    }
    const std::string name = log::file_name({number, 0, LogKind::active});
    log_ = std::make_unique<log::LogWriter>(folder_->create(name), name, 0);
    note_.log = newest_number_ = number;
    names_unsynced_ = true;
    if (hint_maker_) {
        logs_.push_back({.name = as_sealed(active())});
    }
    if (known_) {
        state_.logs.push_back({active(), 0});
        state_.listed.push_back(active());
    }
}

// Synced before it is renamed: a sealed log counts as complete for ever.
void WriteSession::seal_log() {
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
    const bool usual_name = sealed == as_sealed(active());
    if (hint_maker_ && usual_name) {
        logs_.back().size = log_->end();
    } else {
        stop_hint_maker();
    }
    known_ = known_ && usual_name && state_.seal_last(active(), log_->end());
    log_.reset();
    tail_has_sealed_logs_ = true;
}

// What earlier writers have left to the kernel: a change must not survive a power cut that those
// before it do not. What a synced manifest speaks of was synced before it, and sealed logs have not
// changed since.
void WriteSession::sync_logs_before() {
    if (!logs_unsynced_) {
        return;
    }
    const auto manifest = read_manifest(environment_, *folder_, ManifestPart::whole);
    const auto was_synced = [&manifest](const LogName& log) {
        return manifest && !manifest->unsynced_in && log.number != manifest->active_log &&
               std::ranges::binary_search(manifest->logs, log, {}, &keydir::Manifest::Log::name);
    };
    std::vector<LogName> logs = list_store(*folder_).logs;
    if (manifest) {
        logs = without_leftovers(*manifest, std::move(logs));
    }
    for (const LogName& log : logs) {
        if (!was_synced(log)) {
            sync_log(log);
        }
    }
    logs_unsynced_ = false;
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
    if (const auto file = folder_->open(log::file_name(log), io::Access::read)) {
        file->sync();
    }  // else a compaction has removed it, and what it has put in its place is synced
}

}  // namespace bitask::store
