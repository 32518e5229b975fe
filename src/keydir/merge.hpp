#pragma once

#include "io/worker.hpp"
#include "keydir/cursor.hpp"
#include "keydir/entry.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// Goes through several walks at once, from their beginnings to their ends, and calls `take` for
// each key in order; of a key that more than one has, with its newest entry. Where there is a
// helper, it does the walking, some thousand entries ahead of what is taken.
//
// Takes about 1 MiB; more only where keys are long: 64 KiB for each walk at the most. Throws what
// any of them has thrown.
void merge(std::vector<std::unique_ptr<Cursor>> walks, io::Worker* helper,
           const std::function<void(std::string_view key, const Entry& entry)>& take);

}  // namespace bitask::keydir
