#pragma once

#include "io/environment.hpp"

#include <memory>

namespace bitask::io {

// All bytes of the open file; null when there are none, or the system does not show them.
[[nodiscard]] std::unique_ptr<Mapping> map_file(int fd);

}  // namespace bitask::io
