#include "store/batch_lookup.hpp"

#include "keydir/key_bytes.hpp"
#include "store/pair_sorter.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bitask::store {
namespace {

// The first bytes of each key and its index, in the order of the keys, and where these are the same
// in that of the batch.
NumberPairs in_key_order(const KeyBatch& keys) {
    NumberPairs order;
    order.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        order.push_back({keydir::first_bytes(keys[i]), i});
    }
    sort_by_first(order);
    for (auto begin = order.begin(); begin != order.end();) {
        const auto end = std::find_if(begin, order.end(), [begin](const NumberPair& pair) {
            return pair.first != begin->first;
        });
        if (end - begin > 1) {
            std::stable_sort(begin, end, [&keys](const NumberPair& a, const NumberPair& b) {
                return keys[a.second] < keys[b.second];
            });
        }
        begin = end;
    }
    return order;
}

}  // namespace

FoundKeys find_all(const keydir::Keydir& keydir, const KeyBatch& keys) {
    FoundKeys found{.entries = std::vector<std::optional<keydir::Entry>>(keys.size()),
                    .repeated = std::vector<bool>(keys.size())};
    const NumberPairs order = in_key_order(keys);
    const auto cursor = keydir.cursor();
    bool more = true;  // in the key directory
    for (std::size_t i = 0; i < order.size(); ++i) {
        constexpr std::size_t kFar = 16;  // they are gone through in another order than they have
        if (i + kFar < order.size()) {
            __builtin_prefetch(keys[order[i + kFar].second].data());
            __builtin_prefetch(&found.entries[order[i + kFar].second], 1);
        }
        const std::size_t index = order[i].second;
        const std::string_view key = keys[index];
        found.repeated[index] =
            i > 0 && order[i - 1].first == order[i].first && keys[order[i - 1].second] == key;
        more = more && cursor->seek(key);
        if (more && cursor->key() == key) {
            found.entries[index] = cursor->entry();
        }
    }
    return found;
}

}  // namespace bitask::store
