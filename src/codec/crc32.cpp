#include "codec/crc32.hpp"

#include "codec/crc32_folding.hpp"

#include <zlib.h>

namespace bitask::codec {

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) noexcept {
    if (bytes.empty()) {
        return before;  // zlib takes a null pointer as a request to start anew
    }
#ifdef BITASK_FOLDS_CRC32
    if (can_fold_crc32()) {
        return crc32_folded(bytes, before);
    }
#endif
    return static_cast<std::uint32_t>(
        ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint32_t crc32_joined(std::uint32_t first, std::uint32_t second,
                           std::uint64_t second_size) noexcept {
    return static_cast<std::uint32_t>(
        ::crc32_combine(first, second, static_cast<z_off_t>(second_size)));
}

}  // namespace bitask::codec
