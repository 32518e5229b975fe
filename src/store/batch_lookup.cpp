#include "store/batch_lookup.hpp"

#include "keydir/cursor.hpp"
#include "keydir/key_bytes.hpp"
#include "keydir/number_pair.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace bitask::store {
namespace {

using keydir::NumberPair;
using keydir::NumberPairs;

// The first bytes of each key and its index, in the order of the first bytes.
NumberPairs by_first_bytes(const KeyBatch& keys) {
    NumberPairs order;
    order.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        order.push_back({keydir::first_bytes(keys[i]), i});
    }
    sort_by_first(order);
    return order;
}

// Where those that begin as the first one does come to their end.
auto end_of_alike(std::span<NumberPair> order) {
    return std::ranges::find_if(order, [first = order.front().first](const NumberPair& pair) {
        return pair.first != first;
    });
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
            const auto alike = std::span{rest.begin(), end_of_alike(rest)};
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
    std::span<NumberPair> upper =
        std::span{order}.subspan(helper == nullptr ? order.size() : order.size() / 2);
    if (!upper.empty()) {
        upper = {end_of_alike(upper), upper.end()};
    }
    Search search{keydir, keys, std::span{order}.first(order.size() - upper.size()), found};
    Search other_search{keydir, keys, upper, found};
    io::Beside beside{helper, [&other_search] { other_search.run(); }};
    search.run();
    beside.finish();
    return found;
}

}  // namespace bitask::store
