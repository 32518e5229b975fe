#pragma once

#include "io/environment.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bitask::io {

// The bytes of the open file from `offset` on, fewer than `size` only at its end; null when there
// are none, or the system does not show them.
[[nodiscard]] std::unique_ptr<Mapping> map_file(int fd, std::uint64_t offset, std::size_t size);

}  // namespace bitask::io
