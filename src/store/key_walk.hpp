#pragma once

#include "bitask/reader.hpp"
#include "keydir/cursor.hpp"
#include "keydir/entry.hpp"
#include "store/key_range.hpp"
#include "store/view.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace bitask::store {

// Walks over live keys of a key directory that may be renewed between two steps: it remembers the
// last key, and finds its place again.
class KeyWalk {
public:
    explicit KeyWalk(const Range& range)
        : range_{range}, limit_{range.limit}, reverse_{range.reverse} {}

    // Moves to the next live key; false at the end.
    bool next(View& view);

    // A key turned out not to count.
    void take_back() { --taken_; }

    [[nodiscard]] const std::string& key() const noexcept { return key_; }
    [[nodiscard]] const keydir::Entry& entry() const noexcept { return entry_; }

private:
    bool next_live(const View& view);
    bool step(const View& view);
    bool move_on() { return reverse_ ? cursor_->previous() : cursor_->next(); }

    KeyRange range_;
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

}  // namespace bitask::store
