#pragma once

#include "bitask/error.hpp"
#include "bitask/key_batch.hpp"
#include "bitask/writer.hpp"
#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "log/log_writer.hpp"
#include "store/batch_lookup.hpp"
#include "store/compacted_logs.hpp"
#include "store/compaction_lock.hpp"
#include "store/hint_maker.hpp"
#include "store/listing.hpp"
#include "store/lock_note.hpp"
#include "store/recovery.hpp"
#include "store/writer_lock.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// What a Writer does, from taking the lock to leaving the note. As in Writer, a change that throws
// ends the session: no other is begun.
//
// Its way in is in write_session_resume.cpp, what it does for hints in write_session_hints.cpp, and
// for compactions in write_session_compaction.cpp.
class WriteSession {
public:
    // Throws Error: locked, io.
    WriteSession(io::Environment& environment, std::string path, WriterOptions options);

    // `value` is a string_view or a Value.
    template <typename Bytes>
    void put(std::string_view key, const Bytes& value) {
        check_key(key);
        check_value_size(value.size());
        append(key, value);
    }

    bool remove(std::string_view key);
    void remove(const KeyBatch& keys, const std::function<void(std::size_t, bool)>& removed);
    void commit();
    std::uint64_t salvage();

    // For a compaction, of which the session then writes no more changes. Seals the active log if
    // that is asked for, syncs everything, makes hints of all that there is, if hints can be made,
    // and returns the state; `manifest` there tells whether hints speak of it all. With
    // Hints::ignored it comes from the logs alone. The key directory must not outlive the session.
    [[nodiscard]] Recovery begin_compaction(bool seal_active, Hints hints);

    // Puts new logs in the place of their inputs: after it they are what readers see. True when
    // hints speak of them; false when readers have to replay, and find the inputs, too, as long as
    // they are there. `replaced` are the hints that a new one of all that was there makes useless,
    // and `totals` theirs. Throws Error (io): the inputs must stay then.
    bool finish_compaction(const CompactedLogs& logs, const std::vector<keydir::HintInfo>& replaced,
                           const keydir::Totals& totals);

    // Removes what a killed compaction has left. The caller holds the compaction's lock.
    void remove_compaction_leftovers();

private:
    // The quick way in: the note says where the last writer ended, and nothing but perhaps an
    // unfinished record has come since. False when it takes a look at all there is to know.
    bool resume(const std::optional<LockNote>& note);
    bool is_alone(const log::LogName& log);

    // The thorough way in: replays what no hint speaks of, or everything, cuts off unfinished
    // records, seals logs that should have been.
    void repair(const std::optional<LockNote>& note);

    template <typename Bytes>
    void append(std::string_view key, const Bytes& value) {
        begin_change();
        make_room();
        const log::Location place = next_place();
        const log::RecordHeader header = log_->append(key, value, next_timestamp());
        if (known_) {
            state_.keydir.apply(key, {.location = place, .header = header});
        } else if (hint_maker_) {
            fresh_.append(key, {.location = place, .header = header});
        }
        tail_bytes_ += header.record_size();
        failed_ = false;
    }

    void commit_changes();

    // A change that throws leaves `failed_` behind, and no other is begun.
    void begin_change();

    void cut_off(const log::Damage& torn);
    void open_for_appending(std::uint64_t number, std::uint64_t end);
    void make_room();
    [[nodiscard]] std::size_t table_memory() const;
    [[nodiscard]] std::size_t max_table_memory() const;
    void start_log();
    void seal_log();
    void sync_logs_before();
    void sync_before();  // logs and names
    void sync_log(const log::LogName& log);

    // With all that is in the store in its key directory.
    [[nodiscard]] const Recovery& known();
    void replay();
    void recover_all(const std::optional<keydir::Manifest>& manifest,
                     const std::optional<LockNote>& note);
    void remove_leftovers(const Listing& listing);
    void remove_compaction_leftovers(const Listing& listing);
    void remove_unnamed_hints(const Listing& listing,
                              const std::optional<keydir::Manifest>& manifest);

    // What the hints and this session know of a key. Damaged hints are made anew.
    [[nodiscard]] std::optional<keydir::Entry> find(std::string_view key);
    [[nodiscard]] FoundKeys find(const KeyBatch& keys);
    template <typename Action>
    auto with_hints(Action action);
    bool remove(std::string_view key, const std::optional<keydir::Entry>& known);

    // Makes hints of what no hint speaks of yet. They are help alone: a failure is no failure of
    // the change.
    // While nobody should wait for it; in the midst of a session, where others come soon; at its
    // end; or so that one hint is left.
    enum class Publishing { in_passing, on_the_way, at_end, as_one };
    void publish(Publishing how);
    void try_to_publish(Publishing how);
    void publish_known(Publishing how);
    void publish_fresh(Publishing how);
    [[nodiscard]] std::optional<keydir::Manifest> next_manifest();
    [[nodiscard]] PublishOptions publish_options(Publishing how, bool has_totals) const;
    void published(const keydir::Manifest& manifest);
    [[nodiscard]] bool hints_failed();
    void stop_hint_maker();
    void count_tail();
    [[nodiscard]] bool changed_at_least(std::uint64_t part) const;
    [[nodiscard]] std::uint64_t bytes_without(const std::vector<log::LogName>& logs) const;
    [[nodiscard]] std::uint64_t changes_written() const;  // as a whole, to files

    [[nodiscard]] log::LogName active() const { return {note_.log, 0, log::LogKind::active}; }
    [[nodiscard]] log::Location next_place() const { return {active(), log_->end()}; }

    // Never runs backwards, whatever the clock does.
    [[nodiscard]] std::uint64_t next_timestamp();

    // A session that has changed such a part of all keys writes all hints anew, as one; or finds
    // out what they come to, in a walk over them. That is little beside what it has done.
    static constexpr std::uint64_t kMuch = 4;
    static constexpr std::uint64_t kSome = 64;

    io::Environment& environment_;
    std::string path_;
    WriterOptions options_;
    std::unique_ptr<io::Folder> folder_;
    WriterLock lock_;

    LockNote note_;                        // as it will be left behind
    std::uint64_t newest_number_ = 0;      // of all logs, sealed ones included
    std::unique_ptr<log::LogWriter> log_;  // the active log; null while there is none
    std::uint64_t changes_in_sealed_logs_ = 0;
    bool note_fits_ = true;    // the one that the last writer left
    bool after_kill_ = false;  // the last writer was killed: this one has waited long enough
    bool changed_ = false;
    bool failed_ = false;
    bool logs_unsynced_ = false;   // bytes that earlier writers wrote
    bool names_unsynced_ = false;  // in the store's folder, and its own in the folders above

    Recovery state_;      // all that is in the store, kept up to date, if
    bool known_ = false;  // someone had to know: see known()

    // In the midst of a session hints are made beside it. Then `fresh_` has all that was written
    // since the last were given to be made, and `logs_` are those that the next manifest names, the
    // active one at the end.
    std::unique_ptr<HintMaker> hint_maker_;  // null: what no hint speaks of has to be looked up
    keydir::Table fresh_;
    std::vector<keydir::Manifest::Log> logs_;

    std::uint64_t tail_bytes_ = 0;    // of logs that no hint speaks of
    std::uint64_t max_tail_;          // of these, before there is a hint of them
    std::uint64_t hinted_bytes_ = 0;  // of logs that were part of it, in this session
    bool has_manifest_ = false;
    bool tail_has_sealed_logs_ = false;  // readers then have to list the folder
    bool published_ = false;             // by this session, in its midst
    bool has_totals_ = false;            // what it has published last
    bool makes_hints_ = true;            // false once it could not: trying again would not help
    std::uint64_t changes_merged_ = 0;   // of this session, into one hint with all others
    std::uint64_t hinted_keys_ = 0;      // about so many, where there is a manifest
};

}  // namespace bitask::store
