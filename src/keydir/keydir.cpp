#include "keydir/keydir.hpp"

#include "bitask/limits.hpp"
#include "keydir/hint_writer.hpp"
#include "keydir/merge.hpp"
#include "keydir/merged_cursor.hpp"
#include "keydir/table_cursor.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace bitask::keydir {
namespace {

constexpr std::size_t kMaxSpilledHints = 16;

// What walks over all hints read at once: 2 MiB.
constexpr std::uint64_t kWindowPagesOfAll = 512;

// A seek takes as long as so many steps of a walk.
constexpr std::uint64_t kSeekCost = 64;

std::unique_ptr<Cursor> as_one(std::vector<std::unique_ptr<Cursor>> cursors) {
    if (cursors.size() == 1) {
        return std::move(cursors.front());
    }
    return std::make_unique<MergedCursor>(std::move(cursors));
}

}  // namespace

Keydir::Keydir(const io::Folder& folder, const std::vector<HintInfo>& hints,
               std::optional<Totals> totals, Table table)
    : folder_{&folder}, hint_totals_{std::move(totals)}, table_{std::move(table)} {
    for (const HintInfo& info : hints) {
        hints_.push_back({info, nullptr});
    }
}

std::optional<Entry> Keydir::apply(std::string_view key, const Entry& entry) {
    return table_.apply(key, entry);
}

std::optional<Entry> Keydir::find(std::string_view key) const {
    const Entry* const entry = table_.find(key);
    return find_in_hints(key, entry == nullptr ? std::nullopt : std::optional{*entry});
}

std::unique_ptr<Cursor> Keydir::cursor() const {
    return as_one(cursors());
}

std::vector<std::unique_ptr<Cursor>> Keydir::cursors() const {
    return cursors(hints_.size());
}

std::vector<std::unique_ptr<Cursor>> Keydir::cursors(std::size_t newest_hints) const {
    auto all = hint_cursors(newest_hints);
    if (!table_.empty()) {
        all.push_back(std::make_unique<TableCursor>(table_));
    }
    return all;
}

std::vector<std::unique_ptr<Cursor>> Keydir::hint_cursors(std::size_t newest) const {
    const std::uint64_t window = std::clamp<std::uint64_t>(
        kWindowPagesOfAll / std::max<std::size_t>(newest, 1), 1, HintCursor::kWindowPages);
    std::vector<std::unique_ptr<Cursor>> all;
    for (std::size_t i = hints_.size() - newest; i < hints_.size(); ++i) {
        all.push_back(std::make_unique<HintCursor>(open(hints_[i]), window));
    }
    return all;
}

Totals Keydir::totals() const {
    Totals totals = hint_totals_.value_or(Totals{});
    if (!knows_totals() || table_.size() > keys_in_hints() / kSeekCost) {
        totals = {};
        merge(cursors(), nullptr,
              [&totals](std::string_view /*key*/, const Entry& entry) { totals.add(entry); });
        return totals;
    }
    // In order, so that each node is read once at the most.
    const auto known = as_one(hint_cursors(hints_.size()));
    for (const Table::Item* item : table_.sorted()) {
        const Entry& entry = item->entry;
        if (known->seek(item->key) && known->key() == item->key) {
            if (known->entry().newer_than(entry.header.timestamp, entry.location)) {
                continue;
            }
            totals.subtract(known->entry());
        }
        totals.add(entry);
    }
    return totals;
}

std::uint64_t Keydir::keys_in_hints() const {
    return std::accumulate(
        hints_.begin(), hints_.end(), std::uint64_t{0},
        [](std::uint64_t sum, const NamedHint& hint) { return sum + hint.info.entries; });
}

void Keydir::open_hints() const {
    for (NamedHint& hint : hints_) {
        static_cast<void>(open(hint));
    }
}

void Keydir::spill(io::Folder& files) {
    // With many hints all of them go into one, so that a lookup stays cheap.
    const bool as_one = hints_.size() + 1 >= kMaxSpilledHints;
    const std::uint64_t number = hints_.empty() ? 1 : hints_.back().info.number + 1;
    auto file = files.create_unnamed();
    HintWriter writer{*file, number, static_cast<std::uint32_t>(number)};
    Table rest;
    merge(cursors(as_one ? hints_.size() : 0), nullptr,
          [&](std::string_view key, const Entry& entry) {
              if (key.size() > kMaxKeySize) {
                  rest.apply(key, entry);  // no hint can hold it
              } else {
                  writer.add(key, entry);
              }
          });
    const HintInfo info = writer.finish();
    if (as_one) {
        hints_.clear();
    }
    hints_.push_back({info, std::make_unique<Hint>(std::move(file), info)});
    table_ = std::move(rest);
}

const Hint& Keydir::open(NamedHint& hint) const {
    if (!hint.hint) {
        auto file = folder_->open(hint_file_name(hint.info.number), io::Access::read_fixed);
        if (!file) {
            throw HintDamaged{hint_file_name(hint.info.number) + ": missing"};
        }
        hint.hint = std::make_unique<Hint>(std::move(file), hint.info);
    }
    return *hint.hint;
}

std::optional<Entry> Keydir::find_in_hints(std::string_view key,
                                           std::optional<Entry> newest) const {
    for (std::size_t i = hints_.size(); i-- > 0;) {
        if (newest && newest->header.timestamp > hints_[i].info.max_timestamp) {
            continue;  // nothing in it can be newer
        }
        const auto entry = open(hints_[i]).find(key);
        if (entry && (!newest || entry->newer_than(newest->header.timestamp, newest->location))) {
            newest = entry;
        }
    }
    return newest;
}

}  // namespace bitask::keydir
