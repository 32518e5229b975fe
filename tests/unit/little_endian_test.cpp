#include "codec/little_endian.hpp"

#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace bitask::codec {
namespace {

TEST_CASE("numbers stand in files with their least significant byte first") {
    std::array<std::byte, 4> four{};
    store<std::uint32_t>(four, 0x0A0B'0CFD);
    CHECK(four == std::array{std::byte{0xFD}, std::byte{0x0C}, std::byte{0x0B}, std::byte{0x0A}});
    CHECK(load<std::uint32_t>(four) == 0x0A0B'0CFD);

    std::array<std::byte, 8> eight{};
    store<std::uint64_t>(eight, 0x0102'0304'0506'07F8);
    CHECK(eight == std::array{std::byte{0xF8}, std::byte{7}, std::byte{6}, std::byte{5},
                              std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}});
    CHECK(load<std::uint64_t>(eight) == 0x0102'0304'0506'07F8);
}

TEST_CASE("the smallest and the largest number come back as they were") {
    for (const std::uint64_t number : {std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
                                       std::uint64_t{1} << 63, std::uint64_t{0x80}}) {
        std::array<std::byte, 8> bytes{};
        store<std::uint64_t>(bytes, number);
        CHECK(load<std::uint64_t>(bytes) == number);
    }
    std::array<std::byte, 2> two{};
    store<std::uint16_t>(two, 0xFFFE);
    CHECK(load<std::uint16_t>(two) == 0xFFFE);
    std::array<std::byte, 1> one{};
    store<std::uint8_t>(one, 0x80);
    CHECK(load<std::uint8_t>(one) == 0x80);
}

}  // namespace
}  // namespace bitask::codec
