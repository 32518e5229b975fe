#include "keydir/table_cursor.hpp"

#include <algorithm>

namespace bitask::keydir {

bool TableCursor::seek(std::string_view at_or_after) {
    at_ = lower_bound(at_or_after);
    return valid();
}

bool TableCursor::seek_before(std::optional<std::string_view> before) {
    at_ = before ? lower_bound(*before) : items_.size();
    at_ = at_ == 0 ? items_.size() : at_ - 1;
    return valid();
}

bool TableCursor::next() {
    // Items are not in memory in the order of their keys, and another processor may have written
    // them. (Not in a function of its own: GCC takes one that only prefetches for one that does
    // nothing, and leaves it out.)
    constexpr std::size_t kFar = 16;
    constexpr std::size_t kNear = 8;
    ++at_;
    if (at_ + kFar < items_.size()) {
        __builtin_prefetch(items_[at_ + kFar]);
        __builtin_prefetch(&items_[at_ + kFar]->entry.header);
        __builtin_prefetch(items_[at_ + kNear]->key.data());
    }
    return valid();
}

bool TableCursor::previous() {
    at_ = at_ == 0 ? items_.size() : at_ - 1;
    return valid();
}

std::size_t TableCursor::lower_bound(std::string_view key) const {
    const auto place = std::ranges::lower_bound(items_, key, {},
                                                [](const Table::Item* item) { return item->key; });
    return static_cast<std::size_t>(place - items_.begin());
}

}  // namespace bitask::keydir
