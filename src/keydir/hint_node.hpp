#pragma once

#include "bitask/limits.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The nodes of a hint, the sorted index file of hint.hpp, as bytes.
//
// crc u32 | pages u16 | level u16 | count u32 | prefix_size u32 | base_timestamp u64 |
// slots: count x u16, where each entry begins | entries | prefix | zeros   (little-endian)
//
// leaf entry: rest_size | rest | log_index | offset | value_size | timestamp - base | crc u32
// inner entry: rest_size | rest | page | pages          (numbers without a type are varints)
// log table: count x (number u64 | generation u64 | kind u64) in place of all from the slots on
//
// A node fills one page; more only when a single key needs them. Its keys stand without the prefix
// that they share, which follows the entries so that these begin where a slot can tell. In an inner
// node, the key of a child is above all keys of the child before it and above none of its own; the
// first child needs none and has an empty one.
namespace bitask::keydir {

inline constexpr std::size_t kPageSize = 4096;
inline constexpr std::size_t kNodeHeaderSize = 24;

// For one key at the limit, and what else an entry or two have.
inline constexpr std::uint32_t kMaxNodePages = kMaxKeySize / kPageSize + 1;

inline constexpr std::uint16_t kLeafLevel = 0;
inline constexpr std::uint16_t kLogTableLevel = 0xFFFF;
inline constexpr std::uint32_t kLogsPerPage = 169;

// A hint is not what was written. All that it told is in the logs, too, which is where the caller
// has to look now.
class HintDamaged : public std::exception {
public:
    explicit HintDamaged(std::string message) : message_{std::move(message)} {}

    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

private:
    std::string message_;
};

// What is known of a node without reading it. Hint, seed and page are part of its checksum, so that
// no node can be taken for another one.
struct NodePlace {
    std::uint64_t hint = 0;  // number of the hint, for messages
    std::uint32_t seed = 0;  // of the hint
    std::uint64_t page = 0;
    std::uint32_t pages = 0;
    std::uint16_t level = 0;
};

// What a leaf holds about a key.
struct LeafEntry {
    static constexpr std::size_t kFewest = 1;    // in a node, whatever their size
    static constexpr std::size_t kFirstKey = 0;  // the first that has a key
    std::uint64_t log_index = 0;                 // in the log table
    std::uint64_t offset = 0;
    std::uint32_t value_size = 0;
    std::uint64_t timestamp = 0;
    std::uint32_t crc = 0;

    static constexpr std::size_t kMaxEncodedSize = 44;
    [[nodiscard]] std::uint64_t base_timestamp() const noexcept { return timestamp; }
    char* encode(std::uint64_t base_timestamp, char* out) const;  // returns the end
};

// What an inner node holds about a child.
struct ChildEntry {
    static constexpr std::size_t kFewest = 2;
    static constexpr std::size_t kFirstKey = 1;
    std::uint64_t page = 0;
    std::uint32_t pages = 0;

    static constexpr std::size_t kMaxEncodedSize = 20;
    [[nodiscard]] static std::uint64_t base_timestamp() noexcept { return 0; }
    char* encode(std::uint64_t base_timestamp, char* out) const;
};

// Collects the entries of one node after the other: LeafEntry or ChildEntry.
template <class NodeEntry>
class NodeBuilder {
public:
    // For keys in ascending order; the key of a first child must be empty. False when the node is
    // full: then it has to be finished first.
    bool try_add(std::string_view key, const NodeEntry& entry);

    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    [[nodiscard]] std::string_view last_key() const { return key(items_.size() - 1); }
    [[nodiscard]] std::uint32_t pages() const noexcept;

    // Appends the node to `out` and begins a new one. `place` has pages() pages.
    void finish(const NodePlace& place, std::string& out);

private:
    static constexpr std::uint64_t kHighest = UINT64_MAX;

    struct Item {
        std::size_t key_end;  // in keys_; the key begins where the one before ends
        NodeEntry entry;
    };

    // Entries as they stand in a node, with what all of them leave out.
    class Encoded {
    public:
        void clear(std::size_t prefix_size, std::uint64_t base_timestamp);
        void add(std::string_view key, const NodeEntry& entry);
        void remove_last();
        void append_slots_and_entries(std::string& out) const;

        [[nodiscard]] bool leaves_out(std::size_t prefix_size, std::uint64_t base) const noexcept {
            return prefix_size_ == prefix_size && base_timestamp_ == base;
        }
        [[nodiscard]] std::size_t prefix_size() const noexcept { return prefix_size_; }
        [[nodiscard]] std::uint64_t base_timestamp() const noexcept { return base_timestamp_; }
        [[nodiscard]] std::size_t node_size() const noexcept;

    private:
        std::size_t prefix_size_ = 0;
        std::uint64_t base_timestamp_ = 0;
        std::vector<char> bytes_;  // the first `end_` of them
        std::size_t end_ = 0;
        std::vector<std::uint16_t> begins_;  // of the entries, in bytes_
    };

    [[nodiscard]] std::string_view key(std::size_t index) const;
    [[nodiscard]] std::size_t prefix_with(std::string_view key) const;
    [[nodiscard]] std::uint64_t base_with(const NodeEntry& entry) const;
    [[nodiscard]] bool encode(std::string_view key, const NodeEntry& entry, std::size_t prefix_size,
                              std::uint64_t base);
    void encode_all(std::size_t prefix_size, std::uint64_t base);

    std::string keys_;
    std::vector<Item> items_;
    Encoded encoded_;
    Encoded encoded_before_;  // its memory is used again

    // base_timestamp() of all in this node, and in the one before.
    std::uint64_t lowest_ = kHighest;
    std::uint64_t lowest_before_ = kHighest;
};

// Appends one page of the log table: kLogsPerPage names at the most.
void encode_log_table(const NodePlace& place, std::span<const log::LogName> names,
                      std::string& out);

// A node as it was read: checked, and decoded where it is asked for. Throws HintDamaged for
// everything that no writer has written. The bytes must outlive it.
class Node {
public:
    struct LeafItem {
        std::string_view rest;  // of the key, behind the prefix
        LeafEntry entry;
    };

    Node() = default;  // no node
    Node(std::span<const std::byte> bytes, const NodePlace& place);

    [[nodiscard]] bool at(std::uint64_t page) const noexcept {
        return count_ != 0 && place_.page == page;
    }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }       // at least 1
    [[nodiscard]] std::string_view prefix() const noexcept { return prefix_; }  // of all keys

    // Of a leaf. The first entry with a key that is not below `key`; count() when there is none.
    // Those before `first` are known to be below it.
    [[nodiscard]] std::uint32_t lower_bound(std::string_view key, std::uint32_t first = 0) const;
    [[nodiscard]] LeafItem leaf_item(std::uint32_t index) const;
    [[nodiscard]] std::optional<LeafEntry> find(std::string_view key) const;

    // Of an inner node. The one child in which the key can be.
    [[nodiscard]] std::uint32_t child_for(std::string_view key) const;
    [[nodiscard]] NodePlace child(std::uint32_t index) const;

    // Of a page of the log table.
    [[nodiscard]] log::LogName log_name(std::uint32_t index) const;

    [[noreturn]] void damaged() const;

private:
    [[nodiscard]] std::span<const std::byte> from_entry(std::uint32_t index) const;
    [[nodiscard]] std::string_view rest(std::uint32_t index) const;
    [[nodiscard]] std::uint32_t partition_point(std::string_view key, std::uint32_t first,
                                                bool past_equal) const;
    void ask_for_middles() const;
    void find_prefix(std::uint32_t size);

    std::span<const std::byte> bytes_;
    NodePlace place_;
    std::uint32_t count_ = 0;
    std::uint64_t base_timestamp_ = 0;
    std::string_view prefix_;
};

[[noreturn]] void throw_damaged(const NodePlace& place);

}  // namespace bitask::keydir
