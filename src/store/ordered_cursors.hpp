#pragma once

#include "bitask/reader.hpp"
#include "store/view.hpp"

#include <memory>

namespace bitask::store {

// In the order of keys. The view must outlive the cursor.
[[nodiscard]] std::unique_ptr<Cursor> make_key_cursor(View& view, const Range& range);
[[nodiscard]] std::unique_ptr<Cursor> make_pair_cursor(View& view, const Range& range);

}  // namespace bitask::store
