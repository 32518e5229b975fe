#pragma once

#include "keydir/entry.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bitask::keydir {

// The key directory: for every key its newest record, tombstones included, in byte order.
//
// Rebuilt from the logs in memory; callers see only find, the walk in key order and the totals,
// which a directory that lies on disk can offer as well.
class Keydir {
public:
    // Takes note of a record. When a newer record of the key is known already, that one stays and
    // is returned.
    std::optional<Entry> apply(std::string_view key, const Entry& entry);

    // Nothing when the logs hold no record of the key at all.
    [[nodiscard]] std::optional<Entry> find(std::string_view key) const;

    struct Item {
        std::string_view key;  // valid until the next apply()
        Entry entry;
    };

    // The first item with a key >= `from`, or > `from`; nothing when there is none.
    [[nodiscard]] std::optional<Item> at_or_after(std::string_view from) const;
    [[nodiscard]] std::optional<Item> after(std::string_view from) const;

    // The last item with a key < `to`; without `to`, the last of all.
    [[nodiscard]] std::optional<Item> before(const std::optional<std::string>& to) const;

    void for_each(const std::function<void(std::string_view key, const Entry& entry)>& visit) const;

    [[nodiscard]] std::uint64_t live_keys() const noexcept { return live_keys_; }
    [[nodiscard]] std::uint64_t live_bytes() const noexcept { return live_bytes_; }  // of records

private:
    using Map = std::map<std::string, Entry, std::less<>>;

    [[nodiscard]] std::optional<Item> item(Map::const_iterator at) const;
    void count(const Entry& entry);
    void discount(const Entry& entry);

    Map entries_;
    std::uint64_t live_keys_ = 0;
    std::uint64_t live_bytes_ = 0;
};

}  // namespace bitask::keydir
