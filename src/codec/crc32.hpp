#pragma once

#include <cstdint>
#include <string_view>

// CRC-32 as in zlib, gzip and IEEE 802.3: reflected polynomial 0xEDB88320, initial value and final
// exclusive-or 0xFFFFFFFF. The checksum of "123456789" is 0xCBF43926.
namespace bitask::codec {

// The checksum of bytes that follow others, whose checksum is `before`; 0 for none.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) noexcept;

// The checksum of two runs of bytes put together, from that of each.
[[nodiscard]] std::uint32_t crc32_joined(std::uint32_t first, std::uint32_t second,
                                         std::uint64_t second_size) noexcept;

}  // namespace bitask::codec
