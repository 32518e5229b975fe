#pragma once

#include "keydir/cursor.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// Several walks as one: of a key that more than one has, the newest entry counts. A step takes as
// many comparisons as a heap of the sources is high (Knuth, The Art of Computer Programming 5.4.1).
class MergedCursor final : public Cursor {
public:
    explicit MergedCursor(std::vector<std::unique_ptr<Cursor>> sources);

    bool seek(std::string_view at_or_after) override;
    bool seek_before(std::optional<std::string_view> before) override;
    bool next() override;
    bool previous() override;

    [[nodiscard]] bool valid() const override { return current_ != nullptr; }
    [[nodiscard]] std::string_view key() const override { return current_->key(); }
    [[nodiscard]] const Entry& entry() const override { return current_->entry(); }

private:
    enum class Direction { forward, backward };

    struct Source {
        std::unique_ptr<Cursor> cursor;
        std::string_view key;  // while it stands on an item
    };

    struct Waiting {
        std::uint64_t front = 0;  // of its key
        Source* source = nullptr;
    };

    // Whether `a` comes behind `b` in that direction.
    struct Later {
        Direction direction;
        bool operator()(Waiting a, Waiting b) const;
    };

    bool begin(Direction direction);
    void enter(Source& source);
    bool choose();
    [[nodiscard]] Waiting take_first();

    std::vector<Source> sources_;
    std::vector<Source*> same_key_;    // those that stand at the current key
    std::vector<Waiting> waiting_;     // others that stand on an item: a heap, the next one on top
    const Cursor* current_ = nullptr;  // the one of same_key_ whose entry counts
    Direction direction_ = Direction::forward;
};

}  // namespace bitask::keydir
