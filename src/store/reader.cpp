#include "bitask/reader.hpp"

#include "bitask/error.hpp"
#include "log/stored_value.hpp"
#include "store/listing.hpp"
#include "store/log_files.hpp"
#include "store/recovery.hpp"
#include "store/value_batch.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace bitask {
namespace {

// How often a value may be looked for anew because a compaction has moved it.
constexpr int kMaxMoves = 100;

[[noreturn]] void throw_hidden(const log::Damage& damage) {
    throw Error{ErrorKind::corrupt, damage.describe()};
}

}  // namespace

double Statistics::garbage_percent() const {
    const std::uint64_t total = live_bytes + dead_bytes;
    return total == 0 ? 0 : 100.0 * static_cast<double>(dead_bytes) / static_cast<double>(total);
}

// One state of the store, renewed when it turns out to be that of the past: when a compaction has
// taken logs away, or a hint is gone or is not what it was.
class Reader::View {
public:
    View(io::Environment& environment, const std::string& store, ReaderOptions options)
        : environment_{environment},
          folder_{environment.open_folder(store)},
          files_{folder_or_throw(store)} {
        options_.only_key = std::move(options.only_key);
        recover();
    }

    [[nodiscard]] const store::Recovery& state() const noexcept { return state_; }
    [[nodiscard]] const keydir::Keydir& keydir() const noexcept { return state_.keydir; }

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
    void list_logs() {
        if (state_.manifest && state_.manifest->logs.empty()) {
            options_.all_logs = true;
            recover();
            ++version_;
        }
    }

    [[nodiscard]] std::optional<keydir::Entry> find(std::string_view key) {
        return with_hints([&] { return keydir().find(key); });
    }

    // The key's current value, null when there is none. Throws Error (corrupt) when the newest
    // record of the key is known to be damaged.
    [[nodiscard]] std::unique_ptr<Value> value_of(std::string_view key) {
        return value_of(key, find(key));
    }

    // Likewise, where the key's entry has been looked up already.
    [[nodiscard]] std::unique_ptr<Value> value_of(std::string_view key,
                                                  std::optional<keydir::Entry> entry) {
        for (int i = 0; i < kMaxMoves; ++i) {
            if (const log::Damage* damage = state_.doubt(key, entry);
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
        throw Error{ErrorKind::io,
                    folder_->path() + ": logs keep disappearing while they are read"};
    }

    // Reads what can be read together. Not where records were lost: there each key needs a look of
    // its own.
    void read(store::ValueBatch& batch) {
        if (state_.damage.empty()) {
            batch.read(files_, state_.listed);
        }
    }

private:
    [[nodiscard]] const io::Folder& folder_or_throw(const std::string& store) const {
        if (!folder_) {
            store::throw_no_store(store);
        }
        return *folder_;
    }

    // Null when the record is not where the key directory says, and that may be a matter of time:
    // hints may be older than the logs, and only the logs can tell damage from that.
    [[nodiscard]] std::unique_ptr<Value> try_to_read(std::string_view key,
                                                     const keydir::Entry& entry) {
        auto file = files_.open(entry.location.log, state_.listed);
        if (!file) {
            return nullptr;
        }
        try {
            return log::read_value(std::move(file), entry.location, entry.header, key);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::corrupt || !state_.manifest) {
                throw;
            }
            return nullptr;
        }
    }

    // Looks at the store anew; without its hints when they are still the same.
    void renew() {
        const auto before = state_.manifest;
        recover();
        if (state_.manifest && before && state_.manifest->hints == before->hints) {
            hints_ = store::Hints::ignored;
            recover();
        }
        files_.forget();
        ++version_;
    }

    void recover() {
        state_ = store::recover_beside_writers(environment_, *folder_, hints_, options_);
    }

    io::Environment& environment_;
    std::unique_ptr<io::Folder> folder_;
    store::LogFiles files_;
    store::RecoveryOptions options_;
    store::Hints hints_ = store::Hints::trusted;
    store::Recovery state_;
    std::uint64_t version_ = 1;
};

namespace {

// The part of the key space that a range covers, as bounds that a walk can stop at.
class Bounds {
public:
    explicit Bounds(const Range& range) : from_{std::max(range.prefix, range.from)}, to_{range.to} {
        if (auto end = prefix_end(range.prefix); end && (!to_ || *end < *to_)) {
            to_ = std::move(end);
        }
    }

    [[nodiscard]] const std::string& from() const noexcept { return from_; }
    [[nodiscard]] const std::optional<std::string>& to() const noexcept { return to_; }
    [[nodiscard]] bool contains(std::string_view key) const {
        return key >= from_ && ends_behind(key);
    }
    [[nodiscard]] bool ends_behind(std::string_view key) const { return !to_ || key < *to_; }

private:
    // The first key behind all that begin with the prefix; nothing when there is none.
    static std::optional<std::string> prefix_end(std::string prefix) {
        while (!prefix.empty() && prefix.back() == '\xFF') {
            prefix.pop_back();
        }
        if (prefix.empty()) {
            return std::nullopt;
        }
        prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
        return prefix;
    }

    std::string from_;
    std::optional<std::string> to_;
};

std::uint64_t count_live(const keydir::Keydir& keydir, const Range& range) {
    if (range == Range{} && keydir.knows_totals()) {
        return keydir.totals().live_keys;
    }
    const Bounds bounds{range};
    const std::uint64_t limit = range.limit.value_or(UINT64_MAX);
    const auto cursor = keydir.cursor();
    std::uint64_t count = 0;
    for (bool more = cursor->seek(bounds.from());
         more && count < limit && bounds.ends_behind(cursor->key()); more = cursor->next()) {
        if (cursor->entry().live()) {
            ++count;
        }
    }
    return count;
}

// Walks over live keys of a key directory that may be renewed between two steps: it remembers the
// last key, and finds its place again.
class KeyWalk {
public:
    explicit KeyWalk(const Range& range)
        : bounds_{range}, limit_{range.limit}, reverse_{range.reverse} {}

    // Moves to the next live key; false at the end.
    template <typename View>
    bool next(View& view) {
        if (ended_ || (limit_ && taken_ >= *limit_)) {
            return false;
        }
        ended_ = !view.with_hints([&] { return next_live(view); });
        return !ended_;
    }

    // A key turned out not to count.
    void take_back() { --taken_; }

    [[nodiscard]] const std::string& key() const noexcept { return key_; }
    [[nodiscard]] const keydir::Entry& entry() const noexcept { return entry_; }

private:
    template <typename View>
    bool next_live(const View& view) {
        for (bool more = step(view); more && bounds_.contains(cursor_->key()); more = move_on()) {
            if (cursor_->entry().live()) {
                key_.assign(cursor_->key());
                entry_ = cursor_->entry();
                started_ = true;
                ++taken_;
                return true;
            }
        }
        return false;
    }

    template <typename View>
    bool step(const View& view) {
        if (cursor_ && version_ == view.version()) {
            return move_on();
        }
        cursor_ = view.keydir().cursor();
        version_ = view.version();
        if (reverse_) {
            return cursor_->seek_before(started_ ? std::optional<std::string_view>{key_}
                                                 : bounds_.to());
        }
        if (!started_) {
            return cursor_->seek(bounds_.from());
        }
        return cursor_->seek(key_) && (cursor_->key() != key_ || cursor_->next());
    }

    bool move_on() { return reverse_ ? cursor_->previous() : cursor_->next(); }

    Bounds bounds_;
    std::optional<std::uint64_t> limit_;
    bool reverse_;
    std::uint64_t taken_ = 0;
    bool started_ = false;
    bool ended_ = false;
    std::string key_;
    keydir::Entry entry_;
    std::unique_ptr<keydir::Cursor> cursor_;
    std::uint64_t version_ = 0;  // of the view that the cursor walks over
};

}  // namespace

namespace {

// A value that something else holds.
class ValueView final : public Value {
public:
    void show(std::string_view bytes) { bytes_ = bytes; }

    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    void copy_to(ByteSink& sink) const override { sink.write(bytes_); }

private:
    std::string_view bytes_;
};

}  // namespace

// Keys alone.
class ReaderKeyCursor final : public Cursor {
public:
    ReaderKeyCursor(Reader::View& view, const Range& range) : view_{view}, walk_{range} {}

    bool next() override {
        if (!walk_.next(view_)) {
            return false;
        }
        const log::Damage* damage = view_.state().doubt(walk_.key(), walk_.entry());
        if (damage != nullptr && damage->names_its_keys()) {
            walk_.take_back();
            throw_hidden(*damage);
        }
        return true;
    }

    [[nodiscard]] std::string_view key() const override { return walk_.key(); }
    [[nodiscard]] const Value& value() const override { throw std::logic_error{"a scan of keys"}; }

private:
    Reader::View& view_;
    KeyWalk walk_;
};

// Pairs. Keys are walked over some way ahead, so that their values can be read in the order of the
// logs; but the first few at once, for a scan of a few.
class ReaderCursor final : public Cursor {
public:
    ReaderCursor(Reader::View& view, const Range& range) : view_{view}, walk_{range} {}

    bool next() override {
        while (at_ + 1 < batch_.size() || fill()) {
            ++at_;
            if (look()) {
                return true;
            }
            walk_.take_back();  // removed since the walk began
        }
        return false;
    }

    [[nodiscard]] std::string_view key() const override { return batch_.key(at_); }
    [[nodiscard]] const Value& value() const override {
        return alone_ ? *alone_ : static_cast<const Value&>(in_batch_);
    }

private:
    static constexpr std::size_t kNone = SIZE_MAX;  // before the first
    static constexpr std::size_t kFirst = 16;
    static constexpr std::size_t kGrowth = 8;

    bool fill() {
        batch_.clear();
        at_ = kNone;
        if (failure_) {
            std::rethrow_exception(std::exchange(failure_, nullptr));
        }
        if (!kept_back_ && !walk()) {
            return false;
        }
        static_cast<void>(batch_.add(walk_.key(), walk_.entry()));
        kept_back_ = false;
        while (batch_.size() < room_ && walk()) {
            if (!batch_.add(walk_.key(), walk_.entry())) {
                kept_back_ = true;  // for the next batch
                break;
            }
        }
        room_ = std::min(kGrowth * room_, store::ValueBatch::kMaxRecords);
        view_.read(batch_);
        return true;
    }

    // What fails behind keys that are good is told of after them.
    bool walk() {
        try {
            return walk_.next(view_);
        } catch (const Error&) {
            if (batch_.size() == 0) {
                throw;
            }
            failure_ = std::current_exception();
            return false;
        }
    }

    // Whether the pair at hand is still there.
    bool look() {
        if (view_.state().damage.empty()) {
            if (const auto bytes = batch_.value(at_)) {
                in_batch_.show(*bytes);
                alone_.reset();
                return true;
            }
        }
        try {
            alone_ = view_.value_of(batch_.key(at_), batch_.entry(at_));
        } catch (const Error&) {
            walk_.take_back();
            throw;
        }
        return alone_ != nullptr;
    }

    Reader::View& view_;
    KeyWalk walk_;
    store::ValueBatch batch_;
    std::size_t at_ = kNone;  // of the batch
    std::size_t room_ = kFirst;
    bool kept_back_ = false;  // the walk stands on a key that is in no batch
    std::exception_ptr failure_;
    ValueView in_batch_;
    std::unique_ptr<Value> alone_;  // null when the value at hand is in the batch
};

Reader::Reader(const std::string& store, ReaderOptions options)
    : Reader{io::posix_environment(), store, std::move(options)} {}

Reader::Reader(io::Environment& environment, const std::string& store, ReaderOptions options)
    : view_{std::make_unique<View>(environment, store, std::move(options))} {}

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Answer Reader::get(std::string_view key) const {
    Answer answer{.value = view_->value_of(key), .doubt = {}};
    if (answer.value && !view_->state().damage.empty()) {
        if (const auto* damage = view_->state().doubt(key, view_->find(key))) {
            answer.doubt = damage->describe();
        }
    }
    return answer;
}

std::unique_ptr<Cursor> Reader::scan(const Range& range, Visit visit) const {
    if (visit == Visit::keys_only) {
        return std::make_unique<ReaderKeyCursor>(*view_, range);
    }
    return std::make_unique<ReaderCursor>(*view_, range);
}

std::uint64_t Reader::count(const Range& range) const {
    const auto undisturbed = view_->with_hints([&]() -> std::optional<std::uint64_t> {
        if (!view_->state().damage.empty()) {
            return std::nullopt;
        }
        return count_live(view_->keydir(), range);
    });
    if (undisturbed) {
        return *undisturbed;
    }
    std::uint64_t count = 0;
    ReaderKeyCursor cursor{*view_, range};
    while (true) {
        try {
            if (!cursor.next()) {
                return count;
            }
            ++count;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::corrupt) {
                throw;
            }
        }
    }
}

Statistics Reader::statistics() const {
    view_->list_logs();
    Statistics statistics;
    const keydir::Totals totals = view_->with_hints([this] { return view_->keydir().totals(); });
    const store::Recovery& state = view_->state();
    statistics.keys = totals.live_keys;
    statistics.live_bytes = totals.live_bytes;
    statistics.dead_bytes = state.total_bytes() - statistics.live_bytes;
    statistics.logs = state.logs.size();
    statistics.hints = state.manifest ? state.manifest->hints.size() : 0;
    if (state.last_compaction != 0) {
        statistics.last_compaction = state.last_compaction;
    }
    return statistics;
}

std::vector<std::string> Reader::damage() const {
    std::vector<std::string> lines;
    for (const log::Damage& damage : view_->state().damage) {
        lines.push_back(damage.describe());
    }
    return lines;
}

}  // namespace bitask
