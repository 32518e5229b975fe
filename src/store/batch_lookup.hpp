#pragma once

#include "bitask/key_batch.hpp"
#include "io/worker.hpp"
#include "keydir/entry.hpp"
#include "keydir/keydir.hpp"

#include <optional>
#include <vector>

namespace bitask::store {

// What there is to know of each key of a batch, by its index.
struct FoundKeys {
    std::vector<std::optional<keydir::Entry>> entries;  // as from Keydir::find()
    std::vector<char> repeated;                         // 1: it stands in the batch before, too
};

// The keys are looked for in their order, so that hardly any part of a hint is read twice. A
// helper, which may be null, looks for one half of them. There must be none where hints are mapped:
// what is known of their nodes is one thread's alone. Throws HintDamaged.
[[nodiscard]] FoundKeys find_all(const keydir::Keydir& keydir, const KeyBatch& keys,
                                 io::Worker* helper);

}  // namespace bitask::store
