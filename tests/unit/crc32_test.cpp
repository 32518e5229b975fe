#include "codec/crc32.hpp"

#include "codec/crc32_folding.hpp"

#include "support/catch.hpp"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace bitask::codec {
namespace {

// Bit by bit, as the polynomial is defined.
std::uint32_t reference_crc32(std::string_view bytes) {
    std::uint32_t crc = 0xFFFF'FFFF;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8'8320 : 0);
        }
    }
    return ~crc;
}

std::string random_bytes(std::size_t size) {
    std::mt19937 chance{static_cast<std::uint32_t>(size)};
    std::string bytes(size, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(chance() & 0xFF);
    }
    return bytes;
}

TEST_CASE("the checksum is the CRC-32 of zlib, gzip and IEEE 802.3") {
    CHECK(crc32("123456789") == 0xCBF43926);
    CHECK(crc32("") == 0);
    CHECK(crc32("a") == 0xE8B7BE43);
    CHECK(crc32(std::string(32, '\0')) == 0x190A55AD);
    CHECK(crc32(std::string(32, '\xFF')) == 0xFF6CAB0B);
    CHECK(crc32("The quick brown fox jumps over the lazy dog") == 0x414FA339);
}

TEST_CASE("the checksum is right for runs of every length and alignment") {
    const std::string bytes = random_bytes(300);
    for (std::size_t begin = 0; begin < 17; ++begin) {
        for (std::size_t size = 0; begin + size <= bytes.size(); size += 1 + size / 16) {
            CAPTURE(begin, size);
            const auto run = std::string_view{bytes}.substr(begin, size);
            CHECK(crc32(run) == reference_crc32(run));
        }
    }
    const std::string long_run = random_bytes(3'000'001);
    CHECK(crc32(long_run) == reference_crc32(long_run));
}

#ifdef BITASK_FOLDS_CRC32
TEST_CASE("zlib and the processor agree on runs of every length, whatever stands before") {
    if (!can_fold_crc32()) {
        return;
    }
    const std::string bytes = random_bytes(700);
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        for (const std::uint32_t before : {0U, 1U, 0x8000'0000U, 0xFFFF'FFFFU, 0x1234'5678U}) {
            CAPTURE(size, before);
            CHECK(crc32_folded(std::string_view{bytes}.substr(0, size), before) ==
                  ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), size));
        }
    }
}
#endif

TEST_CASE("a checksum goes on from the one of the bytes before, wherever the run is cut") {
    const std::string bytes = random_bytes(100);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        CAPTURE(cut);
        const auto front = std::string_view{bytes}.substr(0, cut);
        const auto back = std::string_view{bytes}.substr(cut);
        CHECK(crc32(back, crc32(front)) == reference_crc32(bytes));
    }
}

TEST_CASE("no bytes leave a checksum as it is") {
    CHECK(crc32({}, 0x12345678) == 0x12345678);
    CHECK(crc32(std::string_view{nullptr, 0}, 0x12345678) == 0x12345678);
}

TEST_CASE("two checksums are joined to that of both runs in a row") {
    const std::string bytes = random_bytes(100'000);
    for (const std::size_t cut : {0U, 1U, 2U, 255U, 256U, 65'536U, 99'999U, 100'000U}) {
        CAPTURE(cut);
        const auto front = std::string_view{bytes}.substr(0, cut);
        const auto back = std::string_view{bytes}.substr(cut);
        CHECK(crc32_joined(crc32(front), crc32(back), back.size()) == crc32(bytes));
    }
}

}  // namespace
}  // namespace bitask::codec
