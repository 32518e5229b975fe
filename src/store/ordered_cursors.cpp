#include "store/ordered_cursors.hpp"

#include "bitask/error.hpp"
#include "store/key_walk.hpp"
#include "store/value_batch.hpp"
#include "store/value_view.hpp"

#include <algorithm>
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
class PairCursor final : public Cursor {
public:
    PairCursor(View& view, const Range& range) : view_{view}, walk_{range} {}

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
    static constexpr std::size_t kFew = 2048;  // too few to tell whether more are worth it

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
        view_.read(batch_);
        if (room_ < kFew || !batch_.found_together()) {
            room_ = std::min(kGrowth * room_, ValueBatch::kMaxRecords);
        }
        version_ = view_.version();
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
            // Where records were before a compaction tells nothing any more.
            alone_ = version_ == view_.version()
                         ? view_.value_of(batch_.key(at_), batch_.entry(at_))
                         : view_.value_of(batch_.key(at_));
        } catch (const Error&) {
            walk_.take_back();
            throw;
        }
        return alone_ != nullptr;
    }

    View& view_;
    KeyWalk walk_;
    ValueBatch batch_;
    std::size_t at_ = kNone;  // of the batch
    std::size_t room_ = kFirst;
    std::uint64_t version_ = 0;  // of the view in which the batch was read
    bool kept_back_ = false;     // the walk stands on a key that is in no batch
    std::exception_ptr failure_;
    ValueView in_batch_;
    std::unique_ptr<Value> alone_;  // null when the value at hand is in the batch
};

}  // namespace

std::unique_ptr<Cursor> make_key_cursor(View& view, const Range& range) {
    return std::make_unique<KeyCursor>(view, range);
}

std::unique_ptr<Cursor> make_pair_cursor(View& view, const Range& range) {
    return std::make_unique<PairCursor>(view, range);
}

}  // namespace bitask::store
