#pragma once

#include "keydir/cursor.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// Several walks as one: of a key that more than one has, the newest entry counts. Made for a
// handful of sources; each step looks at all of them.
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

    bool choose(Direction direction);

    std::vector<std::unique_ptr<Cursor>> sources_;
    Cursor* current_ = nullptr;
    std::vector<Cursor*> same_key_;  // sources that stand at the current key
    Direction direction_ = Direction::forward;
};

}  // namespace bitask::keydir
