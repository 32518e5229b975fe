#pragma once

#include "io/worker.hpp"
#include "keydir/cursor.hpp"
#include "keydir/entry.hpp"

#include <functional>
#include <string_view>

namespace bitask::keydir {

// Walks over everything, and calls `take` for each entry. Where there is a worker, it does the
// walking, some thousand entries ahead of what is taken; the memory of these, 1 MiB, is all that it
// takes more. Throws what either of both has thrown.
void walk_ahead(Cursor& cursor, io::Worker* worker,
                const std::function<void(std::string_view key, const Entry& entry)>& take);

}  // namespace bitask::keydir
