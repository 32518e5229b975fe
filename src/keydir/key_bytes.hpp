#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bitask::keydir {

// Eight bytes of a key, from there on, as a number that sorts as they do; behind the key's end they
// count as zeros. Where two keys differ in it, nothing else of them has to be compared.
[[nodiscard]] inline std::uint64_t bytes_from(std::size_t begin, std::string_view key) {
    constexpr std::size_t kSize = sizeof(std::uint64_t);
    std::uint64_t number = 0;
    if (std::endian::native == std::endian::little && key.size() >= kSize) {
        // The last ones are loaded along with some before them, which are moved out again.
        const std::size_t from = std::min(begin, key.size() - kSize);
        const std::size_t too_many = std::min(begin - from, kSize);
        std::memcpy(&number, key.data() + from, kSize);
        return too_many == kSize ? 0 : __builtin_bswap64(number) << (8 * too_many);
    }
    for (std::size_t i = begin; i < begin + kSize; ++i) {
        number = number << 8U | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
    }
    return number;
}

[[nodiscard]] inline std::uint64_t first_bytes(std::string_view key) {
    return bytes_from(0, key);
}

// How many bytes at their beginnings are the same in both.
[[nodiscard]] inline std::size_t shared_size(std::string_view a, std::string_view b) {
    constexpr std::size_t kSize = sizeof(std::uint64_t);
    const std::size_t most = std::min(a.size(), b.size());
    std::size_t size = 0;
    for (; size + kSize <= most; size += kSize) {
        const std::uint64_t differing =
            first_bytes(a.substr(size, kSize)) ^ first_bytes(b.substr(size, kSize));
        if (differing != 0) {
            return size + static_cast<std::size_t>(std::countl_zero(differing)) / 8;
        }
    }
    while (size < most && a[size] == b[size]) {
        ++size;
    }
    return size;
}

}  // namespace bitask::keydir
