#include "keydir/merged_cursor.hpp"

#include "keydir/first_bytes.hpp"

#include <algorithm>
#include <utility>

namespace bitask::keydir {

MergedCursor::MergedCursor(std::vector<std::unique_ptr<Cursor>> sources) {
    for (auto& source : sources) {
        sources_.push_back({.cursor = std::move(source), .key = {}});
    }
}

bool MergedCursor::seek(std::string_view at_or_after) {
    for (const Source& source : sources_) {
        source.cursor->seek(at_or_after);
    }
    return begin(Direction::forward);
}

bool MergedCursor::seek_before(std::optional<std::string_view> before) {
    for (const Source& source : sources_) {
        source.cursor->seek_before(before);
    }
    return begin(Direction::backward);
}

bool MergedCursor::next() {
    if (current_ == nullptr) {
        return false;
    }
    if (direction_ != Direction::forward) {
        const std::string key{current_->key()};
        for (const Source& source : sources_) {
            if (source.cursor->seek(key) && source.cursor->key() == key) {
                source.cursor->next();
            }
        }
        return begin(Direction::forward);
    }
    for (Source* source : same_key_) {
        if (source->cursor->next()) {
            enter(*source);
        }
    }
    return choose();
}

bool MergedCursor::previous() {
    if (current_ == nullptr) {
        return false;
    }
    if (direction_ != Direction::backward) {
        return seek_before(std::string{current_->key()});
    }
    for (Source* source : same_key_) {
        if (source->cursor->previous()) {
            enter(*source);
        }
    }
    return choose();
}

bool MergedCursor::begin(Direction direction) {
    direction_ = direction;
    waiting_.clear();
    for (Source& source : sources_) {
        if (source.cursor->valid()) {
            enter(source);
        }
    }
    return choose();
}

// The source has moved, and stands on an item.
void MergedCursor::enter(Source& source) {
    source.key = source.cursor->key();
    waiting_.push_back({first_bytes(source.key), &source});
    std::push_heap(waiting_.begin(), waiting_.end(), Later{direction_});
}

// Takes the sources that are next from those that wait.
bool MergedCursor::choose() {
    current_ = nullptr;
    same_key_.clear();
    if (waiting_.empty()) {
        return false;
    }
    const Waiting first = take_first();
    current_ = first.source->cursor.get();
    while (!waiting_.empty() && waiting_.front().front == first.front &&
           waiting_.front().source->key == first.source->key) {
        const Cursor* const other = take_first().source->cursor.get();
        if (other->entry().newer_than(current_->entry().header.timestamp,
                                      current_->entry().location)) {
            current_ = other;
        }
    }
    return true;
}

MergedCursor::Waiting MergedCursor::take_first() {
    std::pop_heap(waiting_.begin(), waiting_.end(), Later{direction_});
    const Waiting first = waiting_.back();
    waiting_.pop_back();
    same_key_.push_back(first.source);
    return first;
}

bool MergedCursor::Later::operator()(Waiting a, Waiting b) const {
    if (direction == Direction::backward) {
        std::swap(a, b);
    }
    return a.front != b.front ? a.front > b.front : a.source->key > b.source->key;
}

}  // namespace bitask::keydir
