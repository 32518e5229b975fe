#pragma once

#include "io/environment.hpp"
#include "log/record.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// Reading runs of bytes from a log that may be longer than memory.
namespace bitask::log {

// Hands `size` bytes from `offset` on to `take`, piece by piece. False when the file ends before.
bool read_pieces(const io::File& file, std::uint64_t offset, std::uint64_t size,
                 const std::function<void(std::string_view)>& take);

// The header at `offset`; nothing when the file ends before its last byte.
[[nodiscard]] std::optional<RecordHeader> read_header(const io::File& file, std::uint64_t offset);

// Nothing when the file ends before. `before` is the checksum of what precedes the bytes.
[[nodiscard]] std::optional<std::uint32_t> checksum(const io::File& file, std::uint64_t offset,
                                                    std::uint64_t size, std::uint32_t before = 0);

// Nothing when the file ends before. For sizes that have been checked.
[[nodiscard]] std::optional<std::string> read_bytes(const io::File& file, std::uint64_t offset,
                                                    std::uint64_t size);

}  // namespace bitask::log
