#pragma once

#include "io/environment.hpp"
#include "keydir/cursor.hpp"
#include "keydir/entry.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/hint_node.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// An immutable, sorted index: for each of its keys an entry, tombstones included. A tree whose
// nodes are read as they are needed, and checked each time; or once, where the file is in memory.
//
// Every function throws HintDamaged rather than tell what was not written.
class Hint {
public:
    Hint(std::unique_ptr<io::File> file, const HintInfo& info);

    // Reads one node a level and a page of the table of logs. From the second time on it keeps
    // some of those that others pass through, too.
    [[nodiscard]] std::optional<Entry> find(std::string_view key) const;

    [[nodiscard]] const HintInfo& info() const noexcept { return info_; }

    // For walks. A node lies in the buffer that it was read into.
    using Buffer = std::vector<std::byte>;
    [[nodiscard]] NodePlace root() const noexcept;  // where there are entries
    [[nodiscard]] Node read(const NodePlace& place, Buffer& buffer) const;
    [[nodiscard]] NodePlace log_table_page(std::uint64_t log_index) const;

    // The bytes of so many pages, or fewer at the end of the file.
    [[nodiscard]] std::span<const std::byte> read_pages(std::uint64_t page, std::uint64_t pages,
                                                        Buffer& buffer) const;

private:
    // 2 MiB, as nearly every node has one page.
    static constexpr std::size_t kKeptNodes = 512;

    // Of a file in memory: 6 MiB at the most.
    static constexpr std::uint64_t kMostCheckedNodes = 64 * 1024;

    struct NodeInMemory {
        Buffer buffer;
        Node node;  // in the buffer, or none
    };

    [[nodiscard]] Node kept(const NodePlace& place) const;
    [[nodiscard]] Node checked(const NodePlace& place) const;
    [[nodiscard]] std::span<const std::byte> in_memory(std::uint64_t page,
                                                       std::uint64_t pages) const;

    std::unique_ptr<io::File> file_;
    HintInfo info_;
    mutable Buffer buffer_;  // of find(), so that looking up many keys allocates once
    mutable std::uint64_t finds_ = 0;
    mutable std::vector<NodeInMemory> kept_;  // by the page, modulo; none before a second find()
    mutable std::vector<Node> checked_;       // likewise, of a file in memory
};

// The entry with all that is known of it but the key itself.
[[nodiscard]] Entry entry_of(const LeafEntry& leaf, const log::LogName& log, std::size_t key_size);

// A walk over a hint, which must outlive it. After an exception the cursor stands nowhere.
class HintCursor final : public Cursor {
public:
    // Once it has gone on for long enough, it reads so many pages at once.
    static constexpr std::uint64_t kWindowPages = 32;

    explicit HintCursor(const Hint& hint, std::uint64_t window_pages = kWindowPages);

    bool seek(std::string_view at_or_after) override;
    bool seek_before(std::optional<std::string_view> before) override;
    bool next() override;
    bool previous() override;

    [[nodiscard]] bool valid() const noexcept override { return valid_; }
    [[nodiscard]] std::string_view key() const noexcept override {
        return {key_.data(), key_size_};
    }
    [[nodiscard]] const Entry& entry() const noexcept override { return entry_; }

private:
    enum class Direction { forward, backward };

    // From the root to the leaf: a node, and the entry in it by which the path goes on.
    struct Step {
        Hint::Buffer buffer;
        Node node;  // in the buffer, or in none
        std::uint32_t index = 0;
    };

    [[nodiscard]] bool is_in_leaf(std::string_view key) const;
    void descend(std::string_view key);
    void descend_to_end(Direction direction, std::size_t depth);
    bool next_leaf(Direction direction, std::string_view beyond);
    void open(std::size_t depth, const NodePlace& place, Direction direction);
    [[nodiscard]] Node read_ahead(const NodePlace& place, Direction direction);
    void take(const Node::LeafItem& item);
    void put_in_key(std::size_t at, std::string_view bytes);
    [[nodiscard]] log::LogName log_name(std::uint64_t index);

    const Hint* hint_;
    std::vector<Step> path_;

    // Pages around a leaf, once a walk has gone on for long enough.
    std::uint64_t most_window_pages_;
    Hint::Buffer window_;
    std::span<const std::byte> window_pages_;
    std::uint64_t window_begin_ = 0;  // in pages
    unsigned leaves_in_a_row_ = 0;
    std::uint64_t leaf_page_ = 0;  // of the leaf met last
    Direction direction_ = Direction::forward;

    bool valid_ = false;
    std::string key_;  // in its beginning: the prefix of the leaf, and the rest
    std::size_t key_size_ = 0;
    std::string_view rest_;  // of the key, in the leaf
    Entry entry_;
    std::optional<std::uint64_t> log_index_;            // of the entry
    std::vector<std::vector<log::LogName>> log_table_;  // the pages met so far
};

}  // namespace bitask::keydir
