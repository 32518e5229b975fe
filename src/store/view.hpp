#pragma once

#include "bitask/error.hpp"
#include "bitask/key_batch.hpp"
#include "bitask/reader.hpp"
#include "bitask/value.hpp"
#include "io/environment.hpp"
#include "io/worker.hpp"
#include "keydir/keydir.hpp"
#include "store/batch_reading.hpp"
#include "store/key_table.hpp"
#include "store/log_files.hpp"
#include "store/recovery.hpp"
#include "store/value_batch.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

[[noreturn]] void throw_hidden(const log::Damage& damage);

// One state of the store, renewed when it turns out to be that of the past: when a compaction has
// taken logs away, or a hint is gone or is not what it was.
class View {
public:
    // Throws Error (io) when there is no store in that folder.
    View(io::Environment& environment, const std::string& store, ReaderOptions options);

    [[nodiscard]] const Recovery& state() const noexcept { return *state_; }
    [[nodiscard]] const keydir::Keydir& keydir() const noexcept { return state_->keydir; }

    // Grows whenever the key directory is another.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

    // Does something that reads hints, again and again with another view until they do not fail.
    template <typename Action>
    auto with_hints(Action action) {
        for (int i = 0;; ++i) {
            try {
                return action();
            } catch (const keydir::HintDamaged& damaged) {
                if (i == kMaxMoves) {
                    throw Error{ErrorKind::io, folder_->path() + ": " + damaged.what()};
                }
                renew();
            }
        }
    }

    // Makes sure that the state names all logs.
    void list_logs();

    [[nodiscard]] std::optional<keydir::Entry> find(std::string_view key) {
        return with_hints([&] { return keydir().find(key); });
    }

    // Likewise for each key of a batch.
    [[nodiscard]] std::vector<std::optional<keydir::Entry>> find(const KeyBatch& keys);

    // The key's current value, null when there is none. Throws Error (corrupt) when the newest
    // record of the key is known to be damaged.
    [[nodiscard]] std::unique_ptr<Value> value_of(std::string_view key) {
        return value_of(key, find(key));
    }

    // Likewise, where the key's entry has been looked up already.
    [[nodiscard]] std::unique_ptr<Value> value_of(std::string_view key,
                                                  std::optional<keydir::Entry> entry);

    // As Reader::get().
    [[nodiscard]] Answer answer(std::string_view key);
    [[nodiscard]] Found answer(std::string_view key, std::string& value);

    // Reads what can be read together. Not where records were lost: there each key needs a look of
    // its own.
    void read(ValueBatch& batch) {
        if (const auto reading = begin_to_read(batch)) {
            reading->finish();
        }
    }

    // Likewise, but whoever wants it may go on with this view until he finishes it. Null where
    // nothing is to be read together.
    [[nodiscard]] std::unique_ptr<BatchReading> begin_to_read(ValueBatch& batch);

    // One of the logs that the state names; null when it is gone from the folder.
    [[nodiscard]] std::shared_ptr<const io::File> open_log(const log::LogName& name) {
        return files_.open(name, state_->listed);
    }

    // The state as it is, for whoever needs it in spite of a later one.
    [[nodiscard]] std::shared_ptr<const Recovery> snapshot() const noexcept { return state_; }

    // For files without names.
    [[nodiscard]] std::unique_ptr<io::Folder> open_scratch_folder() const {
        return environment_.open_scratch_folder();
    }

private:
    // How often a value may be looked for anew because a compaction has moved it.
    static constexpr int kMaxMoves = 100;

    // So many keys or records are worth another thread.
    static constexpr std::size_t kMinShared = 4096;

    // A look at a key takes as long as so many steps of a walk: once one key in so many has been
    // looked up, a table of all of them costs no more than that has.
    static constexpr std::uint64_t kKeysForEachLook = 64;

    [[nodiscard]] static std::unique_ptr<io::Folder> open(io::Environment& environment,
                                                          const std::string& store, bool mapped);
    [[nodiscard]] std::unique_ptr<Value> try_to_read(std::string_view key,
                                                     const keydir::Entry& entry);
    [[nodiscard]] KeyTable::Outcome find_in_table(std::string_view key, std::string& value);
    [[nodiscard]] const KeyTable* key_table();
    [[nodiscard]] Answer answer_from_keydir(std::string_view key);
    [[nodiscard]] io::Worker* helper_for(std::size_t records);
    void renew();
    void recover();

    io::Environment& environment_;
    std::unique_ptr<io::Folder> folder_;
    LogFiles files_;
    RecoveryOptions options_;
    Hints hints_ = Hints::trusted;
    std::shared_ptr<const Recovery> state_;
    std::uint64_t version_ = 0;
    bool mapped_;
    std::uint64_t looks_ = 0;              // in this state, as long as there is no table
    std::unique_ptr<KeyTable> key_table_;  // of this state; null while it does not pay
    std::unique_ptr<io::Worker> helper_;   // null before there is much to do
};

}  // namespace bitask::store
