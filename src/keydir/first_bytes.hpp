#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bitask::keydir {

// The first eight bytes of a key as a number that sorts as they do; a shorter key counts as if
// zeros followed. Where two keys differ in it, nothing else of them has to be compared.
[[nodiscard]] inline std::uint64_t first_bytes(std::string_view key) {
    constexpr std::size_t kSize = sizeof(std::uint64_t);
    std::uint64_t number = 0;
    if (std::endian::native == std::endian::little && key.size() >= kSize) {
        std::memcpy(&number, key.data(), kSize);
        return __builtin_bswap64(number);
    }
    for (std::size_t i = 0; i < kSize; ++i) {
        number = number << 8U | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
    }
    return number;
}

}  // namespace bitask::keydir
