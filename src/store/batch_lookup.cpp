#include "store/batch_lookup.hpp"

#include "keydir/cursor.hpp"
#include "keydir/key_bytes.hpp"
#include "keydir/number_pair.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace bitask::store {
namespace {

using keydir::NumberPair;
using keydir::NumberPairs;

// For each key its index, and the first bytes behind those that all keys begin with, in the order
// of these.
NumberPairs by_first_bytes(const KeyBatch& keys) {
    std::size_t shared = keys.empty() ? 0 : keys[0].size();
    for (std::size_t i = 1; i < keys.size() && shared > 0; ++i) {
        shared = keydir::shared_size(keys[0].substr(0, shared), keys[i]);
    }
    NumberPairs order;
    order.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        order.push_back({keydir::bytes_from(shared, keys[i]), i});
    }
    sort_by_first(order);
    return order;
}

// How many go into the lower half. Those with the same first bytes stay together.
std::size_t lower_half(const NumberPairs& order) {
    if (order.empty()) {
        return 0;
    }
    const std::size_t middle = order.size() / 2;
    const std::uint64_t first = order[middle].first;
    const auto begin = static_cast<std::size_t>(
        std::ranges::lower_bound(order, first, {}, &NumberPair::first) - order.begin());
    const auto end = static_cast<std::size_t>(
        std::ranges::upper_bound(order, first, {}, &NumberPair::first) - order.begin());
    return middle - begin < end - middle ? begin : end;
}

// Looks for a part of the keys: none outside of it has the first bytes of one in it.
class Search {
public:
    Search(const keydir::Keydir& keydir, const KeyBatch& keys, std::span<NumberPair> order,
           FoundKeys& found)
        : keys_{keys}, order_{order}, found_{found}, cursor_{keydir.cursor()} {}

    void run() {
        sort_alike();
        bool more = true;  // in the key directory
        for (std::size_t i = 0; i < order_.size(); ++i) {
            constexpr std::size_t kFar = 16;  // they are not in memory in the order of their keys
            if (i + kFar < order_.size()) {
                __builtin_prefetch(keys_[order_[i + kFar].second].data());
                __builtin_prefetch(&found_.entries[order_[i + kFar].second], 1);
            }
            const std::size_t index = order_[i].second;
            const std::string_view key = keys_[index];
            if (i > 0 && order_[i - 1].first == order_[i].first &&
                keys_[order_[i - 1].second] == key) {
                found_.repeated[index] = 1;
            }
            more = more && cursor_->seek(key);
            if (more && cursor_->key() == key) {
                found_.entries[index] = cursor_->entry();
            }
        }
    }

private:
    // In the order of the keys, and of the same one in that of the batch.
    void sort_alike() {
        for (std::span<NumberPair> rest = order_; !rest.empty();) {
            const auto end = std::ranges::find_if(
                rest, [&rest](const NumberPair& pair) { return pair.first != rest.front().first; });
            const auto alike = std::span{rest.begin(), end};
            if (alike.size() > 1) {
                std::ranges::sort(alike, [this](const NumberPair& a, const NumberPair& b) {
                    const int order = keys_[a.second].compare(keys_[b.second]);
                    return order != 0 ? order < 0 : a.second < b.second;
                });
            }
            rest = rest.subspan(alike.size());
        }
    }

    const KeyBatch& keys_;
    std::span<NumberPair> order_;
    FoundKeys& found_;
    std::unique_ptr<keydir::Cursor> cursor_;
};

}  // namespace

FoundKeys find_all(const keydir::Keydir& keydir, const KeyBatch& keys, io::Worker* helper) {
    FoundKeys found{.entries = std::vector<std::optional<keydir::Entry>>(keys.size()),
                    .repeated = std::vector<char>(keys.size())};
    NumberPairs order = by_first_bytes(keys);
    const std::size_t lower = helper == nullptr ? order.size() : lower_half(order);
    Search search{keydir, keys, std::span{order}.first(lower), found};
    Search other_search{keydir, keys, std::span{order}.subspan(lower), found};
    io::Beside beside{helper, [&other_search] { other_search.run(); }};
    search.run();
    beside.finish();
    return found;
}

}  // namespace bitask::store
