#pragma once

#include "codec/little_endian.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

// Varints: seven bits a byte, the lowest first; the highest bit is set in all bytes but the last.
// Those of two to eight bytes are spread and gathered all bits at once, since nobody can foretell
// how many turns a loop would take.
namespace bitask::codec {

inline constexpr std::size_t kMaxVarintSize = 10;

namespace varint {

inline constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
inline constexpr unsigned kBitsInEight = 56;

// Groups of seven bits, the lowest 56 in all, each in a byte of its own.
[[nodiscard]] constexpr std::uint64_t spread(std::uint64_t bits) {
    bits = (bits & 0x0000'0000'0FFF'FFFF) | (bits & 0x00FF'FFFF'F000'0000) << 4U;
    bits = (bits & 0x0000'3FFF'0000'3FFF) | (bits & 0x0FFF'C000'0FFF'C000) << 2U;
    return (bits & 0x007F'007F'007F'007F) | (bits & 0x3F80'3F80'3F80'3F80) << 1U;
}

[[nodiscard]] constexpr std::uint64_t gathered(std::uint64_t bytes) {
    bytes = (bytes & 0x007F'007F'007F'007F) | (bytes & 0x7F00'7F00'7F00'7F00) >> 1U;
    bytes = (bytes & 0x0000'3FFF'0000'3FFF) | (bytes & 0x3FFF'0000'3FFF'0000) >> 2U;
    return (bytes & 0x0000'0000'0FFF'FFFF) | (bytes & 0x0FFF'FFFF'0000'0000) >> 4U;
}

}  // namespace varint

// Returns the end. There must be room for the longest.
inline char* put_varint(char* out, std::uint64_t number) {
    if (number < 0x80) {
        *out = static_cast<char>(number);
        return out + 1;
    }
    if (number >> varint::kBitsInEight == 0) {
        const auto size = (static_cast<std::size_t>(std::bit_width(number)) + 6) / 7;
        const std::uint64_t bytes =
            varint::spread(number) |
            (varint::kHighBits & ((std::uint64_t{1} << (8 * size - 8)) - 1));
        store(std::as_writable_bytes(std::span<char, 8>{out, 8}), bytes);
        return out + size;
    }
    for (; number >= 0x80; number >>= 7U) {
        *out++ = static_cast<char>(number | 0x80);
    }
    *out++ = static_cast<char>(number);
    return out;
}

struct Varint {
    std::uint64_t number = 0;
    std::size_t size = 0;  // in bytes; 0 where there is none, or one of more than 64 bits
};

// The one that the bytes begin with.
[[nodiscard]] inline Varint first_varint(std::span<const std::byte> bytes) {
    if (!bytes.empty() && bytes.front() < std::byte{0x80}) {
        return {std::to_integer<std::uint64_t>(bytes.front()), 1};
    }
    if (bytes.size() >= 8) {
        const auto word = load<std::uint64_t>(bytes.first<8>());
        if (const std::uint64_t ends = ~word & varint::kHighBits; ends != 0) {
            // All bits up to the end of the first byte that has its highest bit clear.
            return {varint::gathered(word & (ends ^ (ends - 1))),
                    static_cast<std::size_t>(std::countr_zero(ends)) / 8 + 1};
        }
    }
    Varint result;
    for (unsigned shift = 0; shift < 64 && result.size < bytes.size(); shift += 7) {
        const auto byte = std::to_integer<std::uint64_t>(bytes[result.size++]);
        if (shift == 63 && byte > 1) {
            break;
        }
        result.number |= (byte & 0x7F) << shift;
        if (byte < 0x80) {
            return result;
        }
    }
    return {};
}

}  // namespace bitask::codec
