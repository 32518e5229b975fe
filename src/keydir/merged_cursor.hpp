#pragma once

#include "keydir/cursor.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// Several walks as one: of a key that more than one has, the newest entry counts. A step takes
// about two comparisons for each level of a heap of the walks (Knuth, The Art of Computer
// Programming 5.4.1); most of them compare a number.
class MergedCursor final : public Cursor {
public:
    explicit MergedCursor(std::vector<std::unique_ptr<Cursor>> sources);

    bool seek(std::string_view at_or_after) override;
    bool seek_before(std::optional<std::string_view> before) override;
    bool next() override;
    bool previous() override;

    [[nodiscard]] bool valid() const override { return !waiting_.empty(); }
    [[nodiscard]] std::string_view key() const override { return current().key(); }
    [[nodiscard]] const Entry& entry() const override { return current().entry(); }

private:
    enum class Direction { forward, backward };

    // A source that stands on an item.
    struct Waiting {
        std::uint64_t front = 0;  // of its key; what comes first in the direction is smaller
        Cursor* source = nullptr;
    };

    [[nodiscard]] const Cursor& current() const { return *waiting_.front().source; }

    bool begin(Direction direction);
    bool move_on();
    void move_first();
    void sift_down(std::size_t place);
    [[nodiscard]] std::uint64_t front_of(std::string_view key) const;
    [[nodiscard]] bool comes_before(const Waiting& a, const Waiting& b) const;
    [[nodiscard]] bool comes_before_alike(const Cursor& a, const Cursor& b) const;

    std::vector<std::unique_ptr<Cursor>> sources_;
    std::vector<Waiting> waiting_;  // a heap: on top the current key, with its newest entry
    std::string key_behind_;
    Direction direction_ = Direction::forward;
};

}  // namespace bitask::keydir
