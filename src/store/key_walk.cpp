#include "store/key_walk.hpp"

#include <string_view>

namespace bitask::store {

bool KeyWalk::next(View& view) {
    if (ended_ || (limit_ && taken_ >= *limit_)) {
        return false;
    }
    try {
        ended_ = !view.with_hints([&] { return next_live(view); });
    } catch (...) {
        cursor_.reset();  // it stands nowhere; the next step finds its place again
        throw;
    }
    return !ended_;
}

bool KeyWalk::next_live(const View& view) {
    for (bool more = step(view); more && range_.contains(cursor_->key()); more = move_on()) {
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

bool KeyWalk::step(const View& view) {
    if (cursor_ && version_ == view.version()) {
        return move_on();
    }
    cursor_ = view.keydir().cursor();
    version_ = view.version();
    if (reverse_) {
        return cursor_->seek_before(started_ ? std::optional<std::string_view>{key_} : range_.to());
    }
    if (!started_) {
        return cursor_->seek(range_.from());
    }
    return cursor_->seek(key_) && (cursor_->key() != key_ || cursor_->next());
}

}  // namespace bitask::store
