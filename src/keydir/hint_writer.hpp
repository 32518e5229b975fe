#pragma once

#include "io/environment.hpp"
#include "keydir/entry.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/hint_node.hpp"
#include "keydir/totals.hpp"
#include "log/log_map.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// Writes a hint from the bottom up in one pass over sorted keys. Takes the memory of one node for
// each level of the tree, and of the names of the logs, however many keys there are.
class HintWriter {
public:
    // The file must be empty. Another seed should be drawn for each hint.
    HintWriter(io::File& file, std::uint64_t number, std::uint32_t seed);

    // Keys must ascend strictly, else std::logic_error. A key above kMaxKeySize is an Error
    // (usage). The key's size is taken from the key.
    void add(std::string_view key, const Entry& entry);

    // Writes what is left; once. Does not sync.
    HintInfo finish();

    // Of all that was added.
    [[nodiscard]] Totals totals() const;

private:
    struct InnerLevel {
        NodeBuilder<ChildEntry> node;
        std::string first_key;  // the one that the node leaves out: its own in the level above
    };

    [[nodiscard]] std::uint64_t index_of(const log::LogName& log);
    void count(std::size_t key_size, const Entry& entry, std::uint64_t log_index);
    void close_leaf(std::string_view next_key);
    void close_inner(std::size_t level);
    void add_child(std::size_t level, const std::string& key, const ChildEntry& child);
    void write_root();
    void write_log_table();

    template <class Builder>
    ChildEntry write(Builder& node, std::size_t level);
    NodePlace next_place(std::size_t level, std::uint32_t pages);
    void make_room(std::size_t size);
    void flush();

    io::File& file_;
    HintInfo info_;
    std::string buffer_;  // nodes that are not in the file yet
    std::uint64_t written_ = 0;

    NodeBuilder<LeafEntry> leaf_;
    std::string leaf_key_;          // separates the leaf from the one before it
    std::deque<InnerLevel> inner_;  // lowest first

    std::vector<log::LogName> logs_;    // in the order of their first entries
    std::vector<Totals::Log> of_logs_;  // what their entries come to
    log::LogMap log_indexes_;
    std::uint64_t last_log_ = 0;  // index of the latest entry's
};

}  // namespace bitask::keydir
