#include "keydir/merged_cursor.hpp"

#include "keydir/key_bytes.hpp"

#include <utility>

namespace bitask::keydir {

MergedCursor::MergedCursor(std::vector<std::unique_ptr<Cursor>> sources)
    : sources_{std::move(sources)} {}

bool MergedCursor::seek(std::string_view at_or_after) {
    for (const auto& source : sources_) {
        source->seek(at_or_after);
    }
    return begin(Direction::forward);
}

bool MergedCursor::seek_before(std::optional<std::string_view> before) {
    for (const auto& source : sources_) {
        source->seek_before(before);
    }
    return begin(Direction::backward);
}

bool MergedCursor::next() {
    if (valid() && direction_ != Direction::forward) {
        seek(std::string{key()});
    }
    return move_on();
}

bool MergedCursor::previous() {
    if (valid() && direction_ != Direction::backward) {
        return seek_before(std::string{key()});
    }
    return move_on();
}

bool MergedCursor::begin(Direction direction) {
    direction_ = direction;
    waiting_.clear();
    for (const auto& source : sources_) {
        if (source->valid()) {
            waiting_.push_back({front_of(source->key()), source.get()});
        }
    }
    for (std::size_t place = waiting_.size() / 2; place-- > 0;) {
        sift_down(place);
    }
    return valid();
}

// Moves all sources that stand at the current key.
bool MergedCursor::move_on() {
    if (!valid()) {
        return false;
    }
    const std::uint64_t front = waiting_.front().front;
    const auto like_first = [this, front](std::size_t place) {
        return place < waiting_.size() && waiting_[place].front == front;
    };
    if (!like_first(1) && !like_first(2)) {
        move_first();
        return valid();
    }
    key_behind_ = key();
    do {
        move_first();
    } while (like_first(0) && key() == key_behind_);
    return valid();
}

void MergedCursor::move_first() {
    Waiting& first = waiting_.front();
    if (direction_ == Direction::forward ? first.source->next() : first.source->previous()) {
        first.front = front_of(first.source->key());
    } else {
        first = waiting_.back();
        waiting_.pop_back();
    }
    sift_down(0);
}

// Both heaps below the place are in order.
void MergedCursor::sift_down(std::size_t place) {
    if (place >= waiting_.size()) {
        return;
    }
    const Waiting moved = waiting_[place];
    for (std::size_t child = 2 * place + 1; child < waiting_.size(); child = 2 * place + 1) {
        if (child + 1 < waiting_.size() && comes_before(waiting_[child + 1], waiting_[child])) {
            ++child;
        }
        if (!comes_before(waiting_[child], moved)) {
            break;
        }
        waiting_[place] = waiting_[child];
        place = child;
    }
    waiting_[place] = moved;
}

std::uint64_t MergedCursor::front_of(std::string_view key) const {
    return direction_ == Direction::forward ? first_bytes(key) : ~first_bytes(key);
}

bool MergedCursor::comes_before(const Waiting& a, const Waiting& b) const {
    return a.front != b.front ? a.front < b.front : comes_before_alike(*a.source, *b.source);
}

bool MergedCursor::comes_before_alike(const Cursor& a, const Cursor& b) const {
    const int order = a.key().compare(b.key());
    if (order != 0) {
        return (order < 0) == (direction_ == Direction::forward);
    }
    return a.entry().newer_than(b.entry().header.timestamp, b.entry().location);
}

}  // namespace bitask::keydir
