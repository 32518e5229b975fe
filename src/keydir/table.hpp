#pragma once

#include "keydir/entry.hpp"
#include "keydir/number_pair.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// The newest records of the keys that no hint covers yet, in memory. Filled in any order; put in
// order when someone asks for it.
class Table {
public:
    struct Item {
        std::string_view key;
        Entry entry;
    };

    Table() = default;
    Table(Table&&) = default;
    Table& operator=(Table&&) = default;
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table() = default;

    // Takes note of a record. When a newer record of the key is known already, that one stays and
    // is returned.
    std::optional<Entry> apply(std::string_view key, const Entry& entry);

    // Takes note of a record that is newer than all so far, which takes less.
    void append(std::string_view key, const Entry& entry);

    // A log has got another name.
    void rename(const log::LogName& from, const log::LogName& to);

    // The pointer is good until the next change.
    [[nodiscard]] const Entry* find(std::string_view key) const;

    // All items in the order of their keys, good until the next change.
    [[nodiscard]] const std::vector<const Item*>& sorted() const;

    // At the most: a key that was appended twice counts twice.
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::size_t memory() const noexcept {  // in bytes, about
        return items_.size() * (sizeof(Item) + sizeof(void*)) + slots_.size() * sizeof(Slot) +
               arena_.memory();
    }

    void clear();

private:
    // Items by number, in pieces of memory that never move.
    class Items {
    public:
        void push_back(const Item& item) {
            if (pieces_.empty() || pieces_.back().size() == kPiece) {
                pieces_.emplace_back().reserve(kPiece);
            }
            pieces_.back().push_back(item);
        }
        [[nodiscard]] Item& operator[](std::size_t number) {
            return pieces_[number / kPiece][number % kPiece];
        }
        [[nodiscard]] const Item& operator[](std::size_t number) const {
            return pieces_[number / kPiece][number % kPiece];
        }
        [[nodiscard]] std::size_t size() const noexcept {
            return pieces_.empty() ? 0 : (pieces_.size() - 1) * kPiece + pieces_.back().size();
        }

    private:
        static constexpr std::size_t kPiece = 64;

        std::vector<std::vector<Item>> pieces_;
    };

    // Places for keys: pieces of memory that never move.
    class Arena {
    public:
        [[nodiscard]] std::string_view keep(std::string_view key);
        [[nodiscard]] std::size_t memory() const noexcept { return memory_; }

    private:
        std::deque<std::vector<char>> pieces_;
        std::size_t memory_ = 0;
    };

    // A key's hash tells its place, and in the slot most other keys from it.
    struct Slot {
        std::uint32_t hash = 0;    // some bits of it
        std::uint32_t number = 0;  // 1 + index in items_, 0 when free
    };

    // Where the key is in `slots_`, or the free slot that it would get.
    [[nodiscard]] Slot& slot_of(std::string_view key) const;
    void index_items() const;
    void add_sorted(std::span<NumberPair> items) const;

    Items items_;  // of a key that is there twice, the last one counts
    Arena arena_;

    mutable std::vector<Slot> slots_;  // a power of two of them; of the first so many items
    mutable std::size_t indexed_ = 0;

    mutable std::vector<const Item*> sorted_;
    mutable bool is_sorted_ = false;
};

}  // namespace bitask::keydir
