#pragma once

#include "keydir/cursor.hpp"
#include "keydir/table.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// A walk over a table, which must outlive it and not change meanwhile.
class TableCursor final : public Cursor {
public:
    explicit TableCursor(const Table& table) : items_{table.sorted()}, at_{items_.size()} {}

    bool seek(std::string_view at_or_after) override;
    bool seek_before(std::optional<std::string_view> before) override;
    bool next() override;
    bool previous() override;

    [[nodiscard]] bool valid() const override { return at_ < items_.size(); }
    [[nodiscard]] std::string_view key() const override { return items_[at_]->key; }
    [[nodiscard]] const Entry& entry() const override { return items_[at_]->entry; }

private:
    [[nodiscard]] std::size_t lower_bound(std::string_view key) const;

    const std::vector<const Table::Item*>& items_;
    std::size_t at_;  // items_.size() when it stands nowhere
};

}  // namespace bitask::keydir
