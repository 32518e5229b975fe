#include "keydir/hint_writer.hpp"

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "keydir/key_bytes.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace bitask::keydir {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;

// The shortest string above `before` and not above `key`, which is above `before`.
std::string_view separator(std::string_view before, std::string_view key) {
    return key.substr(0, shared_size(before, key) + 1);
}

}  // namespace

HintWriter::HintWriter(io::File& file, std::uint64_t number, std::uint32_t seed) : file_{file} {
    info_.number = number;
    info_.seed = seed;
}

void HintWriter::add(std::string_view key, const Entry& entry) {
    if (key.size() > kMaxKeySize) {
        throw Error{ErrorKind::usage, "a key is too long for a hint"};
    }
    if (key <= (leaf_.empty() ? std::string_view{} : leaf_.last_key())) {
        throw std::logic_error{"the keys of a hint do not ascend"};
    }
    const LeafEntry leaf_entry{.log_index = index_of(entry.location.log),
                               .offset = entry.location.offset,
                               .value_size = entry.header.value_size,
                               .timestamp = entry.header.timestamp,
                               .crc = entry.header.crc};
    if (!leaf_.try_add(key, leaf_entry)) {
        close_leaf(key);
        leaf_.try_add(key, leaf_entry);
    }
    count(key.size(), entry, leaf_entry.log_index);
}

HintInfo HintWriter::finish() {
    if (!leaf_.empty()) {
        write_root();
        write_log_table();
        flush();
    }
    return info_;
}

// Neighbours are often in the same log.
std::uint64_t HintWriter::index_of(const log::LogName& log) {
    if (last_log_ < logs_.size() && logs_[last_log_] == log) {
        return last_log_;
    }
    if (const std::uint64_t* const index = log_indexes_.find(log)) {
        last_log_ = *index;
    } else {
        last_log_ = logs_.size();
        log_indexes_.add(log, last_log_);
        logs_.push_back(log);
        of_logs_.emplace_back();
    }
    return last_log_;
}

void HintWriter::count(std::size_t key_size, const Entry& entry, std::uint64_t log_index) {
    log::RecordHeader header = entry.header;
    header.key_size = static_cast<std::uint32_t>(key_size);
    Totals::Log& log = of_logs_[log_index];
    ++info_.entries;
    info_.max_timestamp = std::max(info_.max_timestamp, entry.header.timestamp);
    if (entry.live()) {
        ++info_.live_keys;
        info_.live_bytes += header.record_size();
        log.live_bytes += header.record_size();
    } else {
        log.tombstone_bytes += header.record_size();
    }
}

Totals HintWriter::totals() const {
    Totals totals{.live_keys = info_.live_keys, .live_bytes = info_.live_bytes, .logs = {}};
    for (std::size_t i = 0; i < logs_.size(); ++i) {
        Totals::Log& log = totals.logs[as_sealed(logs_[i])];
        log.live_bytes += of_logs_[i].live_bytes;
        log.tombstone_bytes += of_logs_[i].tombstone_bytes;
    }
    return totals;
}

void HintWriter::close_leaf(std::string_view next_key) {
    const std::string next_leaf_key{separator(leaf_.last_key(), next_key)};
    add_child(1, leaf_key_, write(leaf_, kLeafLevel));
    leaf_key_ = next_leaf_key;
}

// What a level above learns of a node when the next one begins.
void HintWriter::add_child(std::size_t level, const std::string& key, const ChildEntry& child) {
    if (inner_.size() < level) {
        inner_.emplace_back();
    }
    InnerLevel& inner = inner_[level - 1];
    if (!inner.node.empty()) {
        if (inner.node.try_add(key, child)) {
            return;
        }
        close_inner(level);
    }
    inner.node.try_add({}, child);
    inner.first_key = key;
}

void HintWriter::close_inner(std::size_t level) {
    InnerLevel& inner = inner_[level - 1];
    const ChildEntry node = write(inner.node, level);
    add_child(level + 1, std::exchange(inner.first_key, {}), node);
}

// Closes the last node of every level. Only the root is alone on its level.
void HintWriter::write_root() {
    ChildEntry node = write(leaf_, kLeafLevel);
    if (!inner_.empty()) {
        add_child(1, leaf_key_, node);
    }
    for (std::size_t level = 1; level <= inner_.size(); ++level) {
        InnerLevel& inner = inner_[level - 1];
        node = write(inner.node, level);
        if (level < inner_.size()) {
            add_child(level + 1, std::exchange(inner.first_key, {}), node);
        }
    }
    info_.root_page = node.page;
    info_.root_pages = node.pages;
    info_.levels = static_cast<std::uint32_t>(inner_.size() + 1);
}

void HintWriter::write_log_table() {
    info_.log_table_page = info_.pages;
    info_.logs = logs_.size();
    const std::span<const log::LogName> all{logs_};
    for (std::size_t at = 0; at < all.size(); at += kLogsPerPage) {
        make_room(kPageSize);
        encode_log_table(next_place(kLogTableLevel, 1),
                         all.subspan(at, std::min<std::size_t>(kLogsPerPage, all.size() - at)),
                         buffer_);
    }
}

template <class Builder>
ChildEntry HintWriter::write(Builder& node, std::size_t level) {
    const NodePlace place = next_place(level, node.pages());
    make_room(place.pages * kPageSize);
    node.finish(place, buffer_);
    return {.page = place.page, .pages = place.pages};
}

NodePlace HintWriter::next_place(std::size_t level, std::uint32_t pages) {
    const std::uint64_t page = std::exchange(info_.pages, info_.pages + pages);
    return {.hint = info_.number,
            .seed = info_.seed,
            .page = page,
            .pages = pages,
            .level = static_cast<std::uint16_t>(level)};
}

void HintWriter::make_room(std::size_t size) {
    if (buffer_.size() + size > kBufferSize) {
        flush();
    }
}

void HintWriter::flush() {
    file_.write(written_, std::as_bytes(std::span{buffer_}));
    written_ += buffer_.size();
    buffer_.clear();
}

}  // namespace bitask::keydir
