#pragma once

#include "bitask/reader.hpp"
#include "store/view.hpp"

#include <cstddef>
#include <memory>

namespace bitask::store {

// In the order of keys. The view must outlive the cursor.
[[nodiscard]] std::unique_ptr<Cursor> make_key_cursor(View& view, const Range& range);

// Holds so many bytes of pairs, and of what has to be known of each, and a few MiB.
[[nodiscard]] std::unique_ptr<Cursor> make_pair_cursor(View& view, const Range& range,
                                                       std::size_t max_bytes = 50 * 1024 * 1024);

}  // namespace bitask::store
