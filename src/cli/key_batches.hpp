#pragma once

#include "bitask/key_batch.hpp"
#include "bitask/streams.hpp"
#include "cli/format/key_lines.hpp"

#include <functional>

namespace bitask::cli {

// Hands the keys of the input on in batches: full ones as long as more is there to be read, smaller
// ones whenever the input lets us wait, so that whoever writes to a pipe gets his answers. Those
// before a malformed key are handed on before its Error is thrown.
void for_each_batch(Input& input, KeyEnding ending,
                    const std::function<void(const KeyBatch&)>& take);

}  // namespace bitask::cli
