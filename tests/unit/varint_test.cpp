#include "codec/varint.hpp"

#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace bitask::codec {
namespace {

// Byte by byte, as the description has it.
std::string by_description(std::uint64_t number) {
    std::string bytes;
    for (; number >= 0x80; number /= 0x80) {
        bytes += static_cast<char>(0x80 + number % 0x80);
    }
    return bytes + static_cast<char>(number);
}

std::string written(std::uint64_t number) {
    std::array<char, kMaxVarintSize> out{};
    return {out.data(), put_varint(out.data(), number)};
}

Varint read(const std::string& bytes) {
    return first_varint(std::as_bytes(std::span{bytes}));
}

std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> numbers;
    std::mt19937_64 random{7};
    for (unsigned bits = 0; bits < 64; ++bits) {
        const std::uint64_t power = std::uint64_t{1} << bits;
        numbers.insert(numbers.end(), {power - 1, power, power + 1, power | (random() % power)});
    }
    numbers.push_back(UINT64_MAX);
    return numbers;
}

}  // namespace

TEST_CASE("a varint has seven bits a byte, the lowest first, and is read as it was written") {
    for (const std::uint64_t number : numbers()) {
        CAPTURE(number);
        const std::string bytes = by_description(number);
        CHECK(written(number) == bytes);
        // At the end of what can be read, and before other bytes.
        for (const char* const behind : {"", "\x7f", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"}) {
            const Varint varint = read(bytes + behind);
            CHECK(varint.number == number);
            CHECK(varint.size == bytes.size());
        }
    }
}

TEST_CASE("no varint is read where its last byte is missing, or where it has more than 64 bits") {
    for (const std::uint64_t number : numbers()) {
        const std::string bytes = by_description(number);
        CHECK(read(bytes.substr(0, bytes.size() - 1)).size == 0);
    }
    CHECK(read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").number == UINT64_MAX);
    CHECK(read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").size == 0);
    CHECK(read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").size == 0);
    CHECK(read(std::string(20, '\x80')).size == 0);
}

TEST_CASE("a varint may be longer than it has to be") {
    CHECK(read(std::string("\x85\x80\x00", 3)).number == 5);
    CHECK(read(std::string("\x85\x80\x00", 3)).size == 3);
    CHECK(read(std::string("\x85\x80\x00\x00\x00\x00\x00\x00\x00", 9)).size == 3);
}

}  // namespace bitask::codec
