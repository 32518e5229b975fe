#include "bitask/writer.hpp"

#include "bitask/error.hpp"
#include "log/log_scanner.hpp"
#include "log/log_writer.hpp"
#include "store/compaction.hpp"
#include "store/listing.hpp"
#include "store/recovery.hpp"
#include "store/writer_lock.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace bitask {
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
    if (!folder || (!create && !store::list_store(*folder).is_store())) {
        store::throw_no_store(store);
    }
    return folder;
}

}  // namespace

class Writer::Session {
public:
    Session(io::Environment& environment, std::string path, WriterOptions options)
        : environment_{environment},
          path_{std::move(path)},
          options_{std::move(options)},
          folder_{open_store(environment, path_, options_.create)},
          lock_{*folder_, options_.wait} {
        const store::Listing listing = store::list_store(*folder_);
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

    // `value` is a string_view or a Value.
    template <typename Bytes>
    void put(std::string_view key, const Bytes& value) {
        check_key(key);
        check_value_size(value.size());
        append(key, value);
    }

    bool remove(std::string_view key) {
        if (key.empty()) {
            throw Error{ErrorKind::usage, "empty key"};
        }
        const store::Recovery& state = replayed();
        const auto known = state.keydir.find(key);
        // Where a lost record may have been the key's newest, a tombstone makes sure of it.
        if ((!known || !known->live()) && state.doubt(key, known) == nullptr) {
            return false;
        }
        append(key, std::string_view{});
        return true;
    }

    void commit() {
        if (!changed_) {
            return;
        }
        begin_change();
        if (options_.durability == Durability::synced) {
            log_->sync();
            sync_names();
        } else {
            log_->flush();
            note_.synced = false;
        }
        note_.end = log_->end();
        lock_.leave_note(note_);
        changed_ = false;
        failed_ = false;
    }

    std::uint64_t salvage() {
        if (log_ && options_.durability == Durability::synced) {
            log_->sync_written();
            sync_names();
        }
        return changes_in_sealed_logs_ + (log_ ? log_->records_written() : 0);
    }

    CompactionReport compact(const CompactionOptions& options);

private:
    // The quick way in: the note says where the last writer ended, and nothing but perhaps an
    // unfinished record has come since. False when it takes a replay to know.
    bool resume(const store::Listing& listing, const std::optional<store::LockNote>& note);

    // The thorough way in: replays everything, cuts off unfinished records, seals logs that
    // should have been.
    void repair(const store::Listing& listing, const std::optional<store::LockNote>& note);

    template <typename Bytes>
    void append(std::string_view key, const Bytes& value) {
        begin_change();
        make_room();
        const log::Location place = next_place();
        log_->append(key, value, next_timestamp());
        remember(key, place, value.size());
        failed_ = false;
    }

    // A change that throws leaves `failed_` behind, and no other is begun.
    void begin_change() {
        if (failed_) {
            throw Error{ErrorKind::io, path_ + ": closed after an earlier failure"};
        }
        failed_ = true;
    }

    void cut_off(const log::Damage& torn);
    void open_for_appending(std::uint64_t number, std::uint64_t end);
    void make_room();
    void start_log();
    void seal_log();
    void sync_names();
    [[nodiscard]] store::Recovery& replayed();
    void remember(std::string_view key, const log::Location& place, std::uint64_t value_size);
    void sync_kept(const store::CompactionPlan& plan);

    [[nodiscard]] LogName active() const { return {note_.log, 0, LogKind::active}; }
    [[nodiscard]] log::Location next_place() const { return {active(), log_->end()}; }

    // Never runs backwards, whatever the clock does.
    [[nodiscard]] std::uint64_t next_timestamp() {
        const std::uint64_t now = std::min(environment_.now_milliseconds(), log::kMaxTimestamp);
        note_.last_timestamp = std::max(now, note_.last_timestamp);
        return note_.last_timestamp;
    }

    io::Environment& environment_;
    std::string path_;
    WriterOptions options_;
    std::unique_ptr<io::Folder> folder_;
    store::WriterLock lock_;

    store::LockNote note_;                 // as it will be left behind
    std::uint64_t newest_number_ = 0;      // of all logs, sealed ones included
    std::unique_ptr<log::LogWriter> log_;  // the active log; null while there is none
    std::uint64_t changes_in_sealed_logs_ = 0;
    bool changed_ = false;
    bool failed_ = false;
    bool names_unsynced_ = false;  // in the store's folder, and its own in the folder above

    std::optional<store::Recovery> replayed_;  // kept up to date once it is there
};

bool Writer::Session::resume(const store::Listing& listing,
                             const std::optional<store::LockNote>& note) {
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
    names_unsynced_ = !note->synced;
    log::LogScanner scanner{*file, name, store::bounds_of(name, size, note, true), note->end};
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

void Writer::Session::repair(const store::Listing& listing,
                             const std::optional<store::LockNote>& note) {
    // Nobody knows what a killed writer, or another program, has synced.
    names_unsynced_ = true;
    note_.synced = false;
    auto state = store::recover(*folder_, listing.logs, note, true, nullptr);
    if (!state) {
        throw Error{ErrorKind::io, path_ + ": logs disappear in spite of the lock"};
    }
    for (const log::Damage& torn : state->torn_tails) {
        cut_off(torn);
    }
    note_.last_timestamp = state->last_timestamp;
    note_.ordered_from = state->ordered_from;
    note_.last_compaction = state->last_compaction;
    for (const store::LogState& log : state->logs) {
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

void Writer::Session::cut_off(const log::Damage& torn) {
    const auto file = folder_->open(log::file_name(torn.place.log), io::Access::read_write);
    if (!file) {
        throw Error{ErrorKind::io, log::file_name(torn.place.log) + ": the log has disappeared"};
    }
    file->truncate(torn.place.offset);
    if (options_.durability == Durability::synced) {
        file->sync();
    }
    options_.warn(log::file_name(torn.place.log) + ": offset " + std::to_string(torn.place.offset) +
                  ": cut off an unfinished record of " + std::to_string(torn.size) +
                  " bytes that a stopped writer left behind");
}

void Writer::Session::open_for_appending(std::uint64_t number, std::uint64_t end) {
    const LogName name{number, 0, LogKind::active};
    auto file = folder_->open(log::file_name(name), io::Access::read_write);
    if (!file) {
        throw Error{ErrorKind::io, log::file_name(name) + ": the log has disappeared"};
    }
    note_.log = number;
    log_ = std::make_unique<log::LogWriter>(std::move(file), log::file_name(name), end);
}

void Writer::Session::make_room() {
    if (log_ && log_->end() > options_.max_log_size) {
        seal_log();
    }
    if (!log_) {
        start_log();
    }
    changed_ = true;
}

void Writer::Session::start_log() {
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
void Writer::Session::seal_log() {
    if (options_.durability == Durability::synced) {
        log_->sync();
    } else {
        log_->flush();
    }
    const auto sealed = log::file_name({note_.log, 0, LogKind::sealed});
    folder_->rename(log::file_name(active()), sealed);
    if (options_.durability == Durability::synced) {
        // Now, not at the end: a later log must not survive a power cut that this one does not.
        folder_->sync();
    }
    changes_in_sealed_logs_ += log_->records_written();
    log_.reset();
}

void Writer::Session::sync_names() {
    if (names_unsynced_) {
        folder_->sync();
        environment_.sync_parent(path_);
        names_unsynced_ = false;
    }
    note_.synced = true;
}

store::Recovery& Writer::Session::replayed() {
    if (!replayed_) {
        if (log_) {
            log_->flush();
        }
        replayed_ =
            store::recover(*folder_, store::list_store(*folder_).logs, lock_.note(), true, nullptr);
        if (!replayed_) {
            throw Error{ErrorKind::io, path_ + ": logs disappear in spite of the lock"};
        }
    }
    return *replayed_;
}

void Writer::Session::remember(std::string_view key, const log::Location& place,
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
void Writer::Session::sync_kept(const store::CompactionPlan& plan) {
    for (const store::LogState& log : plan.kept) {
        if (auto file = folder_->open(log::file_name(log.name), io::Access::read_write)) {
            file->sync();
        }
    }
    folder_->sync();
}

CompactionReport Writer::Session::compact(const CompactionOptions& options) {
    replayed_.reset();
    const store::Recovery& state = replayed();
    const store::CompactionPlan plan = store::plan_compaction(state, options);
    CompactionReport report = store::report_of(state, plan);
    if (plan.inputs.empty()) {
        return report;
    }
    begin_change();
    options_.durability = Durability::synced;
    if (log_ && plan.has_input(active())) {
        seal_log();
    }
    if (!log_) {
        start_log();
    }
    sync_kept(plan);
    report.logs_written =
        store::run_compaction(*folder_, state, plan, options_.max_log_size, options.progress);
    note_.last_compaction = environment_.now_milliseconds();
    changed_ = true;
    failed_ = false;
    commit();
    replayed_.reset();
    return report;
}

Writer::Writer(const std::string& store, WriterOptions options)
    : Writer{io::posix_environment(), store, std::move(options)} {}

Writer::Writer(io::Environment& environment, const std::string& store, WriterOptions options)
    : session_{std::make_unique<Session>(environment, store, std::move(options))} {}

Writer::~Writer() = default;

void Writer::put(std::string_view key, std::string_view value) {
    session_->put(key, value);
}
void Writer::put(std::string_view key, const Value& value) {
    session_->put(key, value);
}
bool Writer::remove(std::string_view key) {
    return session_->remove(key);
}
void Writer::commit() {
    session_->commit();
}
std::uint64_t Writer::salvage() {
    return session_->salvage();
}
CompactionReport Writer::compact(const CompactionOptions& options) {
    return session_->compact(options);
}

void check_key(std::string_view key) {
    if (key.empty()) {
        throw Error{ErrorKind::usage, "empty key"};
    }
    if (key.size() > kMaxKeySize) {
        throw Error{ErrorKind::usage, "key longer than " + std::to_string(kMaxKeySize) + " bytes"};
    }
}

void check_value_size(std::uint64_t size) {
    if (size == 0) {
        throw Error{ErrorKind::usage, "empty value"};
    }
    if (size > kMaxValueSize) {
        throw Error{ErrorKind::usage,
                    "value longer than " + std::to_string(kMaxValueSize) + " bytes"};
    }
}

}  // namespace bitask
