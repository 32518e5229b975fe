#include "keydir/table.hpp"

#include "keydir/first_bytes.hpp"

#include <algorithm>
#include <functional>

namespace bitask::keydir {
namespace {

constexpr std::size_t kFewestSlots = 64;
constexpr std::size_t kSmallestPiece = 1024;
constexpr std::size_t kLargestPiece = 256 * 1024;

// Most comparisons are over before the key itself has to be fetched.
struct Candidate {
    std::uint64_t front = 0;
    const Table::Item* item = nullptr;

    friend bool operator<(const Candidate& a, const Candidate& b) {
        return a.front != b.front ? a.front < b.front : a.item->key < b.item->key;
    }
};

}  // namespace

std::optional<Entry> Table::apply(std::string_view key, const Entry& entry) {
    if (2 * (items_.size() + 1) > slots_.size()) {
        grow();
    }
    sorted_.clear();
    std::uint32_t& slot = slots_[slot_of(key)];
    if (slot == 0) {
        items_.push_back({arena_.keep(key), entry});
        slot = static_cast<std::uint32_t>(items_.size());
        return std::nullopt;
    }
    Entry& known = items_[slot - 1].entry;
    if (known.newer_than(entry.header.timestamp, entry.location)) {
        return known;
    }
    known = entry;
    return std::nullopt;
}

const Entry* Table::find(std::string_view key) const {
    if (slots_.empty()) {
        return nullptr;
    }
    const std::uint32_t slot = slots_[slot_of(key)];
    return slot == 0 ? nullptr : &items_[slot - 1].entry;
}

const std::vector<const Table::Item*>& Table::sorted() const {
    if (sorted_.size() != items_.size()) {
        std::vector<Candidate> candidates;
        candidates.reserve(items_.size());
        for (const Item& item : items_) {
            candidates.push_back({first_bytes(item.key), &item});
        }
        std::sort(candidates.begin(), candidates.end());
        sorted_.clear();
        sorted_.reserve(candidates.size());
        for (const Candidate& candidate : candidates) {
            sorted_.push_back(candidate.item);
        }
    }
    return sorted_;
}

std::size_t Table::memory() const noexcept {
    return items_.size() * (sizeof(Item) + sizeof(void*)) + slots_.size() * sizeof(std::uint32_t) +
           arena_.memory();
}

void Table::clear() {
    *this = Table{};
}

std::size_t Table::slot_of(std::string_view key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = std::hash<std::string_view>{}(key)&mask;
    while (slots_[at] != 0 && items_[slots_[at] - 1].key != key) {
        at = (at + 1) & mask;
    }
    return at;
}

void Table::grow() {
    slots_.assign(std::max(kFewestSlots, 2 * slots_.size()), 0);
    std::uint32_t number = 0;
    for (const Item& item : items_) {
        slots_[slot_of(item.key)] = ++number;
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
