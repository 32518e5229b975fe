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
    ++at_;
    prefetch();
    return valid();
}

// Items are not in memory in the order of their keys.
void TableCursor::prefetch() const {
    constexpr std::size_t kFar = 16;
    constexpr std::size_t kNear = 8;
    if (at_ + kFar < items_.size()) {
        __builtin_prefetch(items_[at_ + kFar]);
        __builtin_prefetch(items_[at_ + kNear]->key.data());
    }
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
