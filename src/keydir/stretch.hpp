#pragma once

#include "keydir/entry.hpp"
#include "log/log_map.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// A number for each log, in the order in which they are met.
class LogNumbers {
public:
    // Neighbours are often in the same log.
    [[nodiscard]] std::uint32_t of(const log::LogName& log) {
        if (last_ >= names_.size() || names_[last_] != log) {
            last_ = find_or_add(log);
        }
        return last_;
    }
    [[nodiscard]] const std::vector<log::LogName>& names() const noexcept { return names_; }

private:
    std::uint32_t find_or_add(const log::LogName& log) {
        if (const std::uint64_t* const number = numbers_.find(log)) {
            return static_cast<std::uint32_t>(*number);
        }
        numbers_.add(log, names_.size());
        names_.push_back(log);
        return static_cast<std::uint32_t>(names_.size() - 1);
    }

    std::vector<log::LogName> names_;
    log::LogMap numbers_;
    std::uint32_t last_ = 0;
};

// An entry in half the memory, with its log as a number. What it takes to move entries from one
// processor to another is a matter of bytes.
struct PackedEntry {
    std::uint64_t offset = 0;
    std::uint64_t timestamp = 0;
    std::uint32_t crc = 0;
    std::uint32_t value_size = 0;
    std::uint32_t log = 0;

    [[nodiscard]] Entry unpacked(const log::LogName& name, std::size_t key_size) const {
        return {.location = {.log = name, .offset = offset},
                .header = {.crc = crc,
                           .timestamp = timestamp,
                           .key_size = static_cast<std::uint32_t>(key_size),
                           .value_size = value_size}};
    }
};

[[nodiscard]] inline PackedEntry packed(const Entry& entry, std::uint32_t log) {
    return {.offset = entry.location.offset,
            .timestamp = entry.header.timestamp,
            .crc = entry.header.crc,
            .value_size = entry.header.value_size,
            .log = log};
}

// Keys with their entries, in a row, less than 4 GiB of them.
class Stretch {
public:
    void clear() {
        keys_.clear();
        items_.clear();
    }
    void add(std::string_view key, const PackedEntry& entry) {
        keys_ += key;
        items_.push_back({entry, static_cast<std::uint32_t>(keys_.size())});
    }
    void remove_first(std::size_t count) {
        const std::size_t key_bytes = begin_of_key(count);
        keys_.erase(0, key_bytes);
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(count));
        for (Item& item : items_) {
            item.key_end -= static_cast<std::uint32_t>(key_bytes);
        }
    }

    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] std::size_t key_bytes() const noexcept { return keys_.size(); }
    [[nodiscard]] std::size_t key_bytes_from(std::size_t index) const {
        return keys_.size() - begin_of_key(index);
    }

    // Good until the next change.
    [[nodiscard]] std::string_view key(std::size_t index) const {
        const std::size_t begin = begin_of_key(index);
        return {keys_.data() + begin, items_[index].key_end - begin};
    }
    [[nodiscard]] const PackedEntry& entry(std::size_t index) const { return items_[index].entry; }

private:
    struct Item {
        PackedEntry entry;
        std::uint32_t key_end = 0;  // in keys_
    };

    [[nodiscard]] std::size_t begin_of_key(std::size_t index) const {
        return index == 0 ? 0 : items_[index - 1].key_end;
    }

    std::string keys_;
    std::vector<Item> items_;
};

}  // namespace bitask::keydir
