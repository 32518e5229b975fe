#include "keydir/keydir.hpp"

#include "keydir/hint_writer.hpp"
#include "keydir/merged_cursor.hpp"
#include "keydir/table_cursor.hpp"

#include <ranges>
#include <utility>

namespace bitask::keydir {
namespace {

constexpr std::size_t kMaxSpilledHints = 16;

}  // namespace

void Totals::add(const Entry& entry) {
    Log& log = logs[entry.location.log];
    if (entry.live()) {
        ++live_keys;
        live_bytes += entry.header.record_size();
        log.live_bytes += entry.header.record_size();
    } else {
        log.tombstone_bytes += entry.header.record_size();
    }
}

void Totals::subtract(const Entry& entry) {
    Log& log = logs[entry.location.log];
    if (entry.live()) {
        --live_keys;
        live_bytes -= entry.header.record_size();
        log.live_bytes -= entry.header.record_size();
    } else {
        log.tombstone_bytes -= entry.header.record_size();
    }
}

std::optional<Entry> Keydir::apply(std::string_view key, const Entry& entry) {
    return table_.apply(key, entry);
}

std::optional<Entry> Keydir::find(std::string_view key) const {
    std::optional<Entry> newest;
    if (const Entry* entry = table_.find(key)) {
        newest = *entry;
    }
    for (const auto& hint : hints_ | std::views::reverse) {
        if (newest && newest->header.timestamp > hint->info().max_timestamp) {
            continue;  // nothing in it can be newer
        }
        const auto entry = hint->find(key);
        if (entry && (!newest || entry->newer_than(newest->header.timestamp, newest->location))) {
            newest = entry;
        }
    }
    return newest;
}

std::unique_ptr<Cursor> Keydir::cursor() const {
    if (hints_.empty()) {
        return std::make_unique<TableCursor>(table_);
    }
    std::vector<std::unique_ptr<Cursor>> sources;
    if (!table_.empty()) {
        sources.push_back(std::make_unique<TableCursor>(table_));
    }
    for (const auto& hint : hints_) {
        sources.push_back(std::make_unique<HintCursor>(*hint));
    }
    return sources.size() == 1 ? std::move(sources.front())
                               : std::make_unique<MergedCursor>(std::move(sources));
}

Totals Keydir::totals() const {
    Totals totals;
    const auto all = cursor();
    for (bool more = all->seek({}); more; more = all->next()) {
        totals.add(all->entry());
    }
    return totals;
}

void Keydir::spill(io::Folder& files) {
    // With many hints all of them go into one, so that a lookup stays cheap.
    const bool merge = hints_.size() + 1 >= kMaxSpilledHints;
    auto file = files.create_unnamed();
    HintWriter writer{*file, next_hint_, static_cast<std::uint32_t>(next_hint_)};
    ++next_hint_;
    const auto from = merge ? cursor() : std::make_unique<TableCursor>(table_);
    for (bool more = from->seek({}); more; more = from->next()) {
        writer.add(from->key(), from->entry());
    }
    const HintInfo info = writer.finish();
    if (merge) {
        hints_.clear();
    }
    hints_.push_back(std::make_unique<Hint>(std::move(file), info));
    table_.clear();
}

}  // namespace bitask::keydir
