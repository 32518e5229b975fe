#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>

// Numbers as they stand in files: least significant byte first, whatever the machine does. Where it
// does the same they are copied, since not every compiler sees that the loops do no more.
namespace bitask::codec {

template <std::unsigned_integral Number>
void store(std::span<std::byte, sizeof(Number)> out, Number number) {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(out.data(), &number, sizeof(number));
    } else {
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<std::byte>(number >> (8 * i));
        }
    }
}

template <std::unsigned_integral Number>
[[nodiscard]] Number load(std::span<const std::byte, sizeof(Number)> in) {
    Number number = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&number, in.data(), sizeof(number));
    } else {
        for (std::size_t i = 0; i < in.size(); ++i) {
            number = static_cast<Number>(number | (std::to_integer<Number>(in[i]) << (8 * i)));
        }
    }
    return number;
}

}  // namespace bitask::codec
