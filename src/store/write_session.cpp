#include "store/write_session.hpp"

#include "codec/crc32.hpp"
#include "keydir/hint_info.hpp"
#include "log/log_scanner.hpp"
#include "store/hint_files.hpp"
#include "store/leftovers.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;

// During a load: of logs that no hint speaks of, in bytes.
constexpr std::uint64_t kMaxTailInSession = std::uint64_t{4} * 1024 * 1024;
constexpr std::size_t kMaxFreshMemory = std::size_t{8} * 1024 * 1024;  // for the keys of short logs

// The newest are merged when there are more. A compaction that begins must not keep others waiting,
// and the first writer after a kill has waited long enough: they leave merging to others.
constexpr std::size_t kMaxHintsLeft = 8;
constexpr std::size_t kMaxHintsOnTheWay = 36;
constexpr std::size_t kMaxHintsInPassing = keydir::kMaxHints - 1;

// A session that has changed such a part of all keys writes all hints anew, as one; or finds out
// what they come to, in a walk over them. That is little beside what it has done.
constexpr std::uint64_t kMuch = 4;
constexpr std::uint64_t kSome = 64;

// How often a writer starts over because a compaction removes logs meanwhile.
constexpr int kMaxRecoveries = 100;

// At the most: a key may be in several hints.
std::uint64_t keys_in(const keydir::Manifest& manifest) {
    return std::accumulate(
        manifest.hints.begin(), manifest.hints.end(), std::uint64_t{0},
        [](std::uint64_t sum, const keydir::HintInfo& hint) { return sum + hint.entries; });
}

// Whether the reference has given another log the number of this one: sealed, it gets a generation
// and a name that no log can be taken for.
bool shares_number(const std::vector<LogName>& logs, const LogName& log) {
    return std::ranges::any_of(
        logs, [&log](const LogName& other) { return other.number == log.number && other != log; });
}

// Logs that a compaction is still removing.
void keep_retired(const keydir::Manifest& current, const std::vector<LogName>& listed,
                  keydir::Manifest& next) {
    for (const keydir::Manifest::Log& log : current.logs) {
        if (log.retired && std::ranges::binary_search(listed, log.name)) {
            next.logs.push_back(log);
        }
    }
    std::ranges::sort(next.logs, {}, &keydir::Manifest::Log::name);
}

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
        removed(i, !found.repeated[i] && remove(keys[i], found.entries[i]));
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
    hinted_keys_ = manifest ? keys_in(*manifest) : 0;
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
        // must be found again.
        if (log.name.number != newest_number_ || shares_number(listing.logs, log.name) ||
            state_.has_damage(log.name)) {
            seal_log();
        }
    }
    count_tail();
    has_manifest_ = state_.manifest.has_value();
    if (has_manifest_) {
        hinted_keys_ = keys_in(*state_.manifest);
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
    if (tail_bytes_ > kMaxTailInSession || fresh_.memory() > kMaxFreshMemory) {
        publish(Publishing::on_the_way);  // lest a reader, or whoever comes after a kill, have
                                          // much to scan
    }
    changed_ = true;
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

const Recovery& WriteSession::known() {
    if (!known_) {
        if (log_) {
            log_->flush();
        }
        stop_hint_maker();  // before the manifest is read
        recover_all(read_manifest(environment_, *folder_, ManifestPart::whole), lock_.note());
        count_tail();
    }
    return state_;
}

// What the logs say, and no hint.
void WriteSession::replay() {
    if (log_) {
        log_->flush();
    }
    recover_all(std::nullopt, lock_.note());
}

template <typename Action>
auto WriteSession::with_hints(Action action) {
    try {
        return action();
    } catch (const keydir::HintDamaged&) {
        replay();
        tail_bytes_ = state_.total_bytes();  // for none of it there are good hints
        return action();
    }
}

std::optional<keydir::Entry> WriteSession::find(std::string_view key) {
    return with_hints([&] { return known().keydir.find(key); });
}

FoundKeys WriteSession::find(const KeyBatch& keys) {
    return with_hints([&] { return find_all(known().keydir, keys); });
}

// Whether the changes of this session are such a part of all keys in hints.
bool WriteSession::changed_at_least(std::uint64_t part) const {
    return changes_written() - changes_merged_ >= hinted_keys_ / part;
}

std::uint64_t WriteSession::changes_written() const {
    return changes_in_sealed_logs_ + (log_ ? log_->records_written() : 0);
}

void WriteSession::publish(Publishing how) {
    if (!makes_hints_) {
        return;
    }
    makes_hints_ = false;
    try {
        try {
            try_to_publish(how);
        } catch (const keydir::HintDamaged&) {
            replay();
            try_to_publish(how);
        }
    } catch (const Error& error) {
        stop_hint_maker();
        options_.warn("no hints written: " + std::string{error.what()});
    }
}

// Whether some that were to be made on the way are not there.
bool WriteSession::hints_failed() {
    if (!hint_maker_) {
        return false;
    }
    try {
        published(hint_maker_->settle());
        return false;
    } catch (const keydir::HintDamaged&) {
        return true;
    } catch (const Error&) {
        return true;
    }
}

// What was given to it is made, or left to whoever needs it.
void WriteSession::stop_hint_maker() {
    hint_maker_.reset();
    fresh_.clear();
    logs_.clear();
}

void WriteSession::try_to_publish(Publishing how) {
    lock_.check();
    if (!log_) {
        start_log();
    }
    if (hint_maker_) {
        publish_fresh(how);
    } else {
        publish_known(how);
    }
}

// Looks up what no hint speaks of.
void WriteSession::publish_known(Publishing how) {
    const Recovery& state = known();
    // Hints cannot tell what may have been lost: then the logs have to be asked.
    if (!state.damage.empty() || !state.fits_hints) {
        return;
    }
    auto next = next_manifest();
    if (!next) {
        return;
    }
    if (options_.durability == Durability::synced) {
        sync_before();
        if (changed_) {
            log_->sync();
        }
    }
    for (const LogState& log : state.logs) {
        next->logs.push_back({.name = as_sealed(log.name), .size = log.size});
    }
    if (next->logs.empty() || next->logs.back().name != as_sealed(active())) {
        next->logs.push_back({.name = as_sealed(active())});
    }
    next->logs.back().size = next->position;
    if (state.manifest) {
        keep_retired(*state.manifest, state.listed, *next);
    }
    const bool has_totals = !state.manifest || state.manifest->has_totals;
    const keydir::Manifest made = publish_hints(*folder_, state.keydir, state.manifest,
                                                std::move(*next), publish_options(how, has_totals));
    published(made);
    if (how == Publishing::on_the_way) {
        hint_maker_ =
            std::make_unique<HintMaker>(environment_, *folder_, made, options_.max_memory);
        logs_ = made.logs;
    }
    state_ = {};
    known_ = false;
}

// Takes what this session has written since, without another look.
void WriteSession::publish_fresh(Publishing how) {
    if (how != Publishing::on_the_way || hint_maker_->failed()) {
        static_cast<void>(hint_maker_->settle());
    }
    auto next = next_manifest();
    if (!next) {
        return;
    }
    logs_.back().size = next->position;
    next->logs = logs_;
    if (how == Publishing::on_the_way) {
        hint_maker_->give({.table = std::exchange(fresh_, {}),
                           .next = std::move(*next),
                           .options = publish_options(how, false)});
        tail_bytes_ = 0;
        tail_has_sealed_logs_ = false;
        published_ = makes_hints_ = true;
        return;
    }
    if (options_.durability == Durability::synced) {
        sync_before();
        log_->sync();
    }
    const keydir::Manifest current = hint_maker_->settle();
    const keydir::Keydir keydir{*folder_, current.hints, current.totals(),
                                std::exchange(fresh_, {})};
    published(publish_hints(*folder_, keydir, current, std::move(*next),
                            publish_options(how, current.has_totals)));
    stop_hint_maker();
}

// Up to here, with neither hints nor logs. Nothing where nobody could tell, after a power cut, that
// it speaks of what is lost.
std::optional<keydir::Manifest> WriteSession::next_manifest() {
    log_->flush();  // a manifest never speaks of more than is in the file
    keydir::Manifest next;
    if (options_.durability == Durability::unsynced) {
        next.unsynced_in = environment_.this_run();
        if (!next.unsynced_in) {
            return std::nullopt;
        }
    }
    next.active_log = note_.log;
    next.position = log_->end();
    next.last_timestamp = note_.last_timestamp;
    next.ordered_from = note_.ordered_from;
    next.last_compaction = note_.last_compaction;
    return next;
}

PublishOptions WriteSession::publish_options(Publishing how, bool has_totals) const {
    const std::string what = std::to_string(environment_.now_milliseconds()) + " " +
                             std::to_string(note_.log) + " " + std::to_string(log_->end());
    const bool at_end = how == Publishing::at_end || how == Publishing::as_one;
    return {
        .seed = codec::crc32(what),
        .max_hints = how == Publishing::on_the_way ? kMaxHintsOnTheWay
                     : how == Publishing::in_passing || (after_kill_ && !changed_at_least(kMuch))
                         ? kMaxHintsInPassing
                         : kMaxHintsLeft,
        .on_the_way = how == Publishing::on_the_way,
        .merge_all = how == Publishing::as_one,
        .counts = at_end && (has_totals || changed_at_least(kSome))};
}

// The manifest is there, and speaks of everything, unless changes have come since.
void WriteSession::published(const keydir::Manifest& manifest) {
    published_ = makes_hints_ = has_manifest_ = true;
    has_totals_ = manifest.has_totals;
    hinted_keys_ = keys_in(manifest);
    if (fresh_.empty()) {
        tail_bytes_ = 0;
        tail_has_sealed_logs_ = false;
    }
}

std::uint64_t WriteSession::bytes_without(const std::vector<LogName>& logs) const {
    std::uint64_t bytes = 0;
    for (const LogName& name : list_store(*folder_).logs) {
        if (!std::ranges::binary_search(logs, name)) {
            const auto file = folder_->open(log::file_name(name), io::Access::read);
            bytes += file ? file->size() : 0;
        }
    }
    return bytes;
}

Recovery WriteSession::begin_compaction(bool seal_active, Hints hints) {
    options_.durability = Durability::synced;
    begin_change();
    if (log_ && (seal_active || shares_number(list_store(*folder_).logs, active()))) {
        seal_log();
    }
    if (!log_) {
        start_log();
    }
    changed_ = true;
    failed_ = false;
    commit_changes();  // what supersedes old records must not be less safe than they are
    if (hints == Hints::ignored) {
        remove_manifest(*folder_);
        has_manifest_ = false;
        replay();
    } else {
        const bool speak_of_all = known().manifest && state_.keydir.table().empty() &&
                                  !state_.manifest->unsynced_in && !tail_has_sealed_logs_;
        if (!speak_of_all) {
            publish(Publishing::in_passing);
        }
        if (!known().manifest || !state_.keydir.table().empty() || tail_has_sealed_logs_) {
            replay();
        }
    }
    known_ = false;
    return std::move(state_);
}

bool WriteSession::finish_compaction(const CompactedLogs& logs,
                                     const std::vector<keydir::HintInfo>& replaced,
                                     const keydir::Totals& totals) {
    options_.durability = Durability::synced;
    begin_change();
    lock_.check();
    const Listing listing = list_store(*folder_);
    for (const LogName& input : logs.inputs) {
        if (!std::ranges::binary_search(listing.logs, input)) {
            throw Error{ErrorKind::io,
                        log::file_name(input) + ": another program has removed the log meanwhile"};
        }
    }
    note_.last_compaction = environment_.now_milliseconds();
    auto manifest = read_manifest(environment_, *folder_, ManifestPart::whole);
    if (manifest && manifest->hints.size() == keydir::kMaxHints) {
        manifest.reset();
    }
    const auto knows = [&manifest](const LogName& input) {
        const auto log = std::ranges::find(manifest->logs, input, &keydir::Manifest::Log::name);
        return log != manifest->logs.end() && !log->retired;
    };
    if (manifest &&
        (!logs.hint || !has_hints(*folder_, *manifest) || !knows_logs(*manifest, listing.logs) ||
         !std::ranges::all_of(logs.inputs, knows))) {
        manifest.reset();
    }
    if (!manifest) {
        remove_manifest(*folder_);  // until there is another, the logs have to tell
    }
    for (const CompactedLogs::Output& log : logs.logs) {
        folder_->rename(log.temporary, log::file_name(log.name));
    }
    if (logs.tombstones) {
        folder_->rename(logs.tombstones->temporary, log::file_name(logs.tombstones->name));
    }
    if (manifest) {
        manifest->last_compaction = note_.last_compaction;
        if (!manifest->has_totals && manifest->hints == replaced) {
            manifest->set_totals(totals);
        }
        // Such a manifest is replaced without a sync, but the new names must not be lost.
        names_unsynced_ = names_unsynced_ || manifest->unsynced_in;
        publish_compaction(*folder_, std::move(*manifest), logs, replaced);
    } else {
        folder_->sync();
        has_manifest_ = false;
        makes_hints_ = true;  // of other logs than before
        tail_bytes_ = bytes_without(logs.inputs);
    }
    if (!log_) {
        start_log();
    }
    known_ = false;
    changed_ = true;
    failed_ = false;
    return manifest.has_value();
}

}  // namespace bitask::store
