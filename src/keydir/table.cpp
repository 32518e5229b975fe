#include "keydir/table.hpp"

#include "keydir/key_bytes.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace bitask::keydir {
namespace {

constexpr std::size_t kFewestSlots = 64;
constexpr std::size_t kSmallestPiece = 1024;
constexpr std::size_t kLargestPiece = 256 * 1024;

}  // namespace

std::optional<Entry> Table::apply(std::string_view key, const Entry& entry) {
    index_items();
    Slot& slot = slot_of(key);
    if (slot.number == 0) {
        append(key, entry);
        indexed_ = items_.size();
        slot.number = static_cast<std::uint32_t>(indexed_);
        return std::nullopt;
    }
    Entry& known = items_[slot.number - 1].entry;
    if (known.newer_than(entry.header.timestamp, entry.location)) {
        return known;
    }
    known = entry;
    return std::nullopt;
}

void Table::append(std::string_view key, const Entry& entry) {
    items_.push_back({arena_.keep(key), entry});
    is_sorted_ = false;
}

void Table::rename(const log::LogName& from, const log::LogName& to) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
        log::LogName& log = items_[i].entry.location.log;
        if (log == from) {
            log = to;
        }
    }
}

const Entry* Table::find(std::string_view key) const {
    if (empty()) {
        return nullptr;
    }
    index_items();
    const std::uint32_t number = slot_of(key).number;
    return number == 0 ? nullptr : &items_[number - 1].entry;
}

// Most keys are in their places once their first bytes are.
const std::vector<const Table::Item*>& Table::sorted() const {
    if (is_sorted_) {
        return sorted_;
    }
    NumberPairs order;
    order.reserve(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
        order.push_back({first_bytes(items_[i].key), i});
    }
    sort_by_first(order);
    sorted_.clear();
    sorted_.reserve(order.size());
    for (auto begin = order.begin(); begin != order.end();) {
        const auto end = std::find_if(begin, order.end(), [begin](const NumberPair& pair) {
            return pair.first != begin->first;
        });
        add_sorted({begin, end});
        begin = end;
    }
    is_sorted_ = true;
    return sorted_;
}

// Of items whose keys begin with the same bytes, those that count.
void Table::add_sorted(std::span<NumberPair> items) const {
    const auto key_of = [this](const NumberPair& pair) { return items_[pair.second].key; };
    if (items.size() > 1) {
        std::ranges::stable_sort(items, {}, key_of);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i + 1 == items.size() || key_of(items[i]) != key_of(items[i + 1])) {
            sorted_.push_back(&items_[items[i].second]);
        }
    }
}

void Table::clear() {
    *this = Table{};
}

Table::Slot& Table::slot_of(std::string_view key) const {
    const std::size_t whole_hash = std::hash<std::string_view>{}(key);
    const auto hash = static_cast<std::uint32_t>(whole_hash >> 32U);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = whole_hash & mask;
    while (slots_[at].number != 0 &&
           (slots_[at].hash != hash || items_[slots_[at].number - 1].key != key)) {
        at = (at + 1) & mask;
    }
    slots_[at].hash = hash;
    return slots_[at];
}

// So that every item that counts can be found by its key, and there is room for one more.
void Table::index_items() const {
    if (2 * (items_.size() + 1) > slots_.size()) {
        slots_.assign(std::max(kFewestSlots, std::bit_ceil(3 * items_.size())), Slot{});
        indexed_ = 0;
    }
    for (; indexed_ < items_.size(); ++indexed_) {
        slot_of(items_[indexed_].key).number = static_cast<std::uint32_t>(indexed_ + 1);
    }
}

std::string_view Table::Arena::keep(std::string_view key) {
    if (pieces_.empty() || pieces_.back().capacity() - pieces_.back().size() < key.size()) {
        const std::size_t usual =
            std::clamp(memory_, kSmallestPiece, kLargestPiece);  // as much again
        pieces_.emplace_back().reserve(std::max(usual, key.size()));
        memory_ += pieces_.back().capacity();
    }
    std::vector<char>& piece = pieces_.back();
    const std::size_t begin = piece.size();
    piece.insert(piece.end(), key.begin(), key.end());
    return {piece.data() + begin, key.size()};
}

}  // namespace bitask::keydir
