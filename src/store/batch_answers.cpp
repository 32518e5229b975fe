#include "store/batch_answers.hpp"

#include <utility>

namespace bitask::store {

BatchAnswers::BatchAnswers(View& view, const KeyBatch& keys) : view_{view}, keys_{keys} {
    find();
}

void BatchAnswers::find() {
    found_ = view_.find(keys_);
    version_ = view_.version();
}

bool BatchAnswers::next() {
    ++at_;
    together_ = false;
    alone_ = {};
    if (at_ == keys_.size()) {
        --at_;
        return false;
    }
    if (at_ == values_end_) {
        read_values();
    }
    const bool live = found_[at_] && found_[at_]->live();
    if (live) {
        values_.next();
    }
    if (!view_.state().damage.empty() || version_ != view_.version()) {
        alone_ = view_.answer(keys_[at_]);
    } else if (live) {
        if (const auto bytes = values_.value()) {
            in_batch_.show(*bytes);
            together_ = true;
        } else {
            alone_.value = view_.value_of(keys_[at_], found_[at_]);
        }
    }
    return true;
}

const Value* BatchAnswers::value() const {
    return together_ ? &in_batch_ : alone_.value.get();
}

// From the key at hand on.
void BatchAnswers::read_values() {
    if (version_ != view_.version()) {
        find();  // a compaction has moved records
    }
    values_.clear();
    const std::uint64_t version = std::exchange(version_, 0);  // if this fails, none is of use
    for (; values_end_ < keys_.size(); ++values_end_) {
        const auto& entry = found_[values_end_];
        if (entry && entry->live() && !values_.add(keys_[values_end_], *entry)) {
            break;
        }
    }
    view_.read(values_);
    version_ = version;
}

}  // namespace bitask::store
