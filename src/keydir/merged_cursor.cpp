#include "keydir/merged_cursor.hpp"

#include <utility>

namespace bitask::keydir {

MergedCursor::MergedCursor(std::vector<std::unique_ptr<Cursor>> sources)
    : sources_{std::move(sources)} {}

bool MergedCursor::seek(std::string_view at_or_after) {
    for (const auto& source : sources_) {
        source->seek(at_or_after);
    }
    return choose(Direction::forward);
}

bool MergedCursor::seek_before(std::optional<std::string_view> before) {
    for (const auto& source : sources_) {
        source->seek_before(before);
    }
    return choose(Direction::backward);
}

bool MergedCursor::next() {
    if (direction_ != Direction::forward) {
        const std::string key{current_->key()};
        for (const auto& source : sources_) {
            if (source->seek(key) && source->key() == key) {
                source->next();
            }
        }
        return choose(Direction::forward);
    }
    for (Cursor* source : same_key_) {
        source->next();
    }
    return choose(Direction::forward);
}

bool MergedCursor::previous() {
    if (direction_ != Direction::backward) {
        return seek_before(std::string{current_->key()});
    }
    for (Cursor* source : same_key_) {
        source->previous();
    }
    return choose(Direction::backward);
}

bool MergedCursor::choose(Direction direction) {
    direction_ = direction;
    current_ = nullptr;
    same_key_.clear();
    for (const auto& source : sources_) {
        if (!source->valid()) {
            continue;
        }
        const int order = current_ == nullptr ? -1 : source->key().compare(current_->key());
        const bool sooner = direction == Direction::forward ? order < 0 : order > 0;
        if (current_ == nullptr || sooner) {
            same_key_.clear();
            current_ = source.get();
        } else if (order != 0) {
            continue;
        }
        same_key_.push_back(source.get());
        const Entry& known = current_->entry();
        if (source->entry().newer_than(known.header.timestamp, known.location)) {
            current_ = source.get();
        }
    }
    return current_ != nullptr;
}

}  // namespace bitask::keydir
