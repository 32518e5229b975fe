#include "codec/crc32.hpp"

#include <zlib.h>

#ifdef BITASK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

namespace bitask::codec {

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) noexcept {
    if (bytes.empty()) {
        return before;  // both libraries take a null pointer as a request to start anew
    }
#ifdef BITASK_HAVE_LIBDEFLATE
    return libdeflate_crc32(before, bytes.data(), bytes.size());
#else
    return static_cast<std::uint32_t>(
        ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
#endif
}

std::uint32_t crc32_joined(std::uint32_t first, std::uint32_t second,
                           std::uint64_t second_size) noexcept {
    return static_cast<std::uint32_t>(
        ::crc32_combine(first, second, static_cast<z_off_t>(second_size)));
}

}  // namespace bitask::codec
