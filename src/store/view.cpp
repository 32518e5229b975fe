#include "store/view.hpp"

#include "io/mapped_folder.hpp"
#include "log/stored_value.hpp"
#include "store/batch_lookup.hpp"
#include "store/listing.hpp"

#include <string>
#include <utility>

namespace bitask::store {

namespace {

// What is written replaces what the string held.
class StringSink : public ByteSink {
public:
    explicit StringSink(std::string& bytes) : bytes_{bytes} { bytes_.clear(); }

    void write(std::string_view bytes) override { bytes_ += bytes; }

private:
    std::string& bytes_;
};

}  // namespace

void throw_hidden(const log::Damage& damage) {
    throw Error{ErrorKind::corrupt, damage.describe()};
}

View::View(io::Environment& environment, const std::string& store, ReaderOptions options)
    : environment_{environment},
      folder_{open(environment, store, options.mapped)},
      files_{*folder_},
      mapped_{options.mapped} {
    options_.only_key = std::move(options.only_key);
    recover();
}

void View::list_logs() {
    if (state_->manifest && state_->manifest->logs.empty()) {
        options_.all_logs = true;
        recover();
    }
}

std::vector<std::optional<keydir::Entry>> View::find(const KeyBatch& keys) {
    io::Worker* const helper = mapped_ ? nullptr : helper_for(keys.size());
    return with_hints([&] { return find_all(keydir(), keys, helper).entries; });
}

std::unique_ptr<Value> View::value_of(std::string_view key, std::optional<keydir::Entry> entry) {
    for (int i = 0; i < kMaxMoves; ++i) {
        if (const log::Damage* damage = state_->doubt(key, entry);
            damage != nullptr && (damage->names_its_keys() || !entry || !entry->live())) {
            throw_hidden(*damage);
        }
        if (!entry || !entry->live()) {
            return nullptr;
        }
        if (auto value = try_to_read(key, *entry)) {
            return value;
        }
        renew();
        entry = find(key);
    }
    throw Error{ErrorKind::io, folder_->path() + ": logs keep disappearing while they are read"};
}

Answer View::answer(std::string_view key) {
    std::string value;
    switch (find_in_table(key, value)) {
        case KeyTable::Outcome::value:
            return {.value = std::make_unique<MemoryValue>(std::move(value)), .doubt = {}};
        case KeyTable::Outcome::missing: return {};
        case KeyTable::Outcome::unknown: break;
    }
    return answer_from_keydir(key);
}

Found View::answer(std::string_view key, std::string& value) {
    switch (find_in_table(key, value)) {
        case KeyTable::Outcome::value: return Found::yes;
        case KeyTable::Outcome::missing: return Found::no;
        case KeyTable::Outcome::unknown: break;
    }
    const Answer answer = answer_from_keydir(key);
    if (!answer.value) {
        return Found::no;
    }
    StringSink sink{value};
    answer.value->copy_to(sink);
    return answer.doubt.empty() ? Found::yes : Found::in_doubt;
}

Answer View::answer_from_keydir(std::string_view key) {
    Answer answer{.value = value_of(key), .doubt = {}};
    if (answer.value && !state_->damage.empty()) {
        if (const auto* damage = state_->doubt(key, find(key))) {
            answer.doubt = damage->describe();
        }
    }
    return answer;
}

std::unique_ptr<BatchReading> View::begin_to_read(ValueBatch& batch) {
    if (!state_->damage.empty()) {
        return nullptr;
    }
    return std::make_unique<BatchReading>(batch, files_, state_, helper_for(batch.size()));
}

// Null where they are too few.
io::Worker* View::helper_for(std::size_t records) {
    if (records < kMinShared) {
        return nullptr;
    }
    if (!helper_) {
        helper_ = environment_.start_worker();
    }
    return helper_.get();
}

std::unique_ptr<io::Folder> View::open(io::Environment& environment, const std::string& store,
                                       bool mapped) {
    auto folder = environment.open_folder(store);
    if (!folder) {
        throw_no_store(store);
    }
    return mapped ? std::make_unique<io::MappedFolder>(std::move(folder)) : std::move(folder);
}

KeyTable::Outcome View::find_in_table(std::string_view key, std::string& value) {
    const KeyTable* const table = mapped_ && !options_.only_key ? key_table() : nullptr;
    return table != nullptr ? table->find(key, value) : KeyTable::Outcome::unknown;
}

// Null as long as it does not pay, or cannot be.
const KeyTable* View::key_table() {
    if (!key_table_ && ++looks_ == keydir().keys_in_hints() / kKeysForEachLook) {
        key_table_ = with_hints([this] {
            list_logs();
            return state_->damage.empty() ? KeyTable::make(*state_, files_) : nullptr;
        });
    }
    return key_table_.get();
}

// Null when the record is not where the key directory says, and that may be a matter of time:
// hints may be older than the logs, and only the logs can tell damage from that.
std::unique_ptr<Value> View::try_to_read(std::string_view key, const keydir::Entry& entry) {
    auto file = open_log(entry.location.log);
    if (!file) {
        return nullptr;
    }
    try {
        return log::read_value(std::move(file), entry.location, entry.header, key);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt || !state_->manifest) {
            throw;
        }
        return nullptr;
    }
}

// Looks at the store anew; without its hints when they are still the same.
void View::renew() {
    const auto before = state_->manifest;
    recover();
    if (state_->manifest && before && state_->manifest->hints == before->hints) {
        hints_ = Hints::ignored;
        recover();
    }
}

void View::recover() {
    key_table_.reset();
    looks_ = 0;
    state_ = std::make_shared<const Recovery>(
        recover_beside_writers(environment_, *folder_, hints_, options_));
    files_.forget();
    ++version_;
}

}  // namespace bitask::store
