#include "store/ordered_cursors.hpp"

#include "bitask/error.hpp"
#include "store/key_walk.hpp"
#include "store/value_batch.hpp"
#include "store/value_view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <utility>

namespace bitask::store {
namespace {

// Keys alone.
class KeyCursor final : public Cursor {
public:
    KeyCursor(View& view, const Range& range) : view_{view}, walk_{range} {}

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
    View& view_;
    KeyWalk walk_;
};

// Pairs. Keys are walked over some way ahead, so that their values can be read in the order of the
// logs; but the first few at once, for a scan of a few.
//
// Where many small records stand together in the logs, batches are small, and a helper reads one
// while the pairs of the one before it are handed out. Elsewhere it pays to read many at a time:
// there is one batch, which takes all the memory, and the helper does half of it.
class PairCursor final : public Cursor {
public:
    PairCursor(View& view, const Range& range, std::size_t max_bytes)
        : view_{view}, walk_{range}, batches_{Batch{max_bytes}, Batch{max_bytes}} {}

    bool next() override {
        while (now_->values.next() || (move_on() && now_->values.next())) {
            if (look()) {
                return true;
            }
            walk_.take_back();  // removed since the walk began
        }
        return false;
    }

    [[nodiscard]] std::string_view key() const override { return now_->values.key(); }
    [[nodiscard]] const Value& value() const override {
        return alone_ ? *alone_ : static_cast<const Value&>(in_batch_);
    }

private:
    static constexpr std::uint64_t kMixed = 0;  // that no view has

    // Records of a batch.
    static constexpr std::size_t kFirst = 16;
    static constexpr std::size_t kGrowth = 8;
    static constexpr std::size_t kFew = 2048;  // too few to tell whether they stand together
    static constexpr std::size_t kTogether = 8192;

    // Percent of what a batch read that it wanted, for its records to stand together. One that has
    // a good part of a store's records wants as good a part of its logs, in whatever order they
    // are.
    static constexpr unsigned kOfSome = 50;
    static constexpr unsigned kOfMany = 90;

    static constexpr std::size_t kMany = 1024 * 1024;
    static constexpr std::size_t kMaxBytesTogether = 2 * 1024 * 1024;

    struct Batch {
        explicit Batch(std::size_t max_bytes) : values{max_bytes} {}

        ValueBatch values;
        std::uint64_t version = 0;   // of the view in which all of them were found, or kMixed
        std::exception_ptr failure;  // of the walk, behind the last of them
        std::unique_ptr<BatchReading> reading;  // last: it uses the values

        [[nodiscard]] bool empty() const { return values.size() == 0 && !failure; }
    };

    // To the next batch; false at the end. May be called again after it has thrown.
    bool move_on() {
        tell_failure();
        now_->values.clear();
        if (now_->empty() && !ahead_->empty()) {
            std::swap(now_, ahead_);
        }
        if (now_->empty()) {  // also at the end: pairs may have turned out to be gone since
            ahead_->values.release();  // so that both never are large
            walk(*now_);
            begin_to_read(*now_);
        }
        if (together_ && ahead_->empty() && !now_->failure) {
            walk(*ahead_);
        }
        if (const auto reading = std::exchange(now_->reading, nullptr)) {
            reading->finish();
        }
        choose_room();
        if (!ahead_->empty()) {
            begin_to_read(*ahead_);
        }
        if (now_->values.size() == 0) {
            tell_failure();
        }
        return now_->values.size() != 0;
    }

    void choose_room() {
        const std::size_t size = now_->values.size();
        together_ =
            size >= kFew && now_->values.percent_wanted() >= (size > kTogether ? kOfMany : kOfSome);
        if (together_) {
            room_ = kTogether;
        } else {
            // A pass over the logs reads nearly all of them, for tens of thousands of records or
            // for as many as fit.
            room_ = room_ < kTogether ? kGrowth * room_ : kMany;
        }
    }

    void tell_failure() {
        if (now_->failure) {
            std::rethrow_exception(std::exchange(now_->failure, nullptr));
        }
    }

    void walk(Batch& batch) {
        const std::uint64_t version = kept_back_ ? kept_version_ : view_.version();
        try {
            while (has_room(batch.values) && (kept_back_ || walk_on()) &&
                   batch.values.add(walk_.key(), walk_.entry())) {
                kept_back_ = false;
            }
        } catch (...) {
            batch.failure = std::current_exception();
        }
        batch.version = version == view_.version() ? version : kMixed;
    }

    // To the next key, which is kept back until it is in a batch.
    bool walk_on() {
        kept_back_ = walk_.next(view_);
        kept_version_ = view_.version();
        return kept_back_;
    }

    [[nodiscard]] bool has_room(const ValueBatch& values) const {
        return values.size() == 0 ||  // a batch of none is the end
               (values.size() < room_ && (!together_ || values.bytes() < kMaxBytesTogether));
    }

    void begin_to_read(Batch& batch) { batch.reading = view_.begin_to_read(batch.values); }

    // Whether the pair at hand is still there.
    bool look() {
        const ValueBatch& values = now_->values;
        if (view_.state().damage.empty()) {
            if (const auto bytes = values.value()) {
                in_batch_.show(*bytes);
                alone_.reset();
                return true;
            }
        }
        try {
            // Where records were before a compaction tells nothing any more.
            const auto entry = now_->version == view_.version() ? values.entry() : std::nullopt;
            alone_ = entry ? view_.value_of(values.key(), entry) : view_.value_of(values.key());
        } catch (const Error&) {
            walk_.take_back();
            throw;
        }
        return alone_ != nullptr;
    }

    View& view_;
    KeyWalk walk_;
    std::array<Batch, 2> batches_;
    Batch* now_ = batches_.data();    // its pairs are handed out
    Batch* ahead_ = &batches_[1];     // its values are read meanwhile, where that pays
    std::size_t room_ = kFirst;       // records in the next batch
    bool together_ = false;           // the records of the last batch stand together in the logs
    bool kept_back_ = false;          // the walk stands on a key that is in no batch
    std::uint64_t kept_version_ = 0;  // of the view in which that was found
    ValueView in_batch_;
    std::unique_ptr<Value> alone_;  // null when the value at hand is in the batch
};

}  // namespace

std::unique_ptr<Cursor> make_key_cursor(View& view, const Range& range) {
    return std::make_unique<KeyCursor>(view, range);
}

std::unique_ptr<Cursor> make_pair_cursor(View& view, const Range& range, std::size_t max_bytes) {
    return std::make_unique<PairCursor>(view, range, max_bytes);
}

}  // namespace bitask::store
