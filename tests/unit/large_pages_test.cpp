#include "io/large_pages.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

namespace bitask::io {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

}  // namespace

TEST_CASE("memory for much begins where a large page can, and all of it can be used") {
    const std::size_t halves = GENERATE(as<std::size_t>{}, 1, 2, 3, 7, 21);
    const std::size_t size = (halves + 1) * kMebibyte / 2 + GENERATE(0U, 1U);
    char* const first = static_cast<char*>(allocate_large(size));
    char* const second = static_cast<char*>(allocate_large(size));
    CHECK(reinterpret_cast<std::uintptr_t>(first) % (2 * kMebibyte) == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(second) % (2 * kMebibyte) == 0);
    std::fill_n(first, size, 'a');
    std::fill_n(second, size, 'b');
    CHECK(std::all_of(first, first + size, [](char byte) { return byte == 'a'; }));
    free_large(first, size);
    CHECK(std::all_of(second, second + size, [](char byte) { return byte == 'b'; }));
    free_large(second, size);
}

TEST_CASE("a vector in large pages is a vector, however it grows and shrinks") {
    std::vector<std::uint64_t, LargePages<std::uint64_t>> numbers;
    for (std::uint64_t i = 0; i < 500'000; ++i) {
        numbers.push_back(i);
    }
    numbers.resize(100);
    numbers.shrink_to_fit();
    numbers.insert(numbers.end(), 300'000, 7);
    const auto copy = numbers;
    numbers.clear();
    REQUIRE(copy.size() == 300'100);
    for (std::uint64_t i = 0; i < copy.size(); ++i) {
        REQUIRE(copy[i] == (i < 100 ? i : 7));
    }
}

TEST_CASE("a vector that gives its memory back keeps none") {
    std::vector<char, LargePages<char>> bytes(3 * kMebibyte);
    give_back(bytes);
    CHECK(bytes.empty());
    CHECK(bytes.capacity() == 0);
}

TEST_CASE("more memory than there can be is refused") {
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    CHECK_THROWS_AS(allocate_large(kAll), std::bad_alloc);
    CHECK_THROWS_AS(allocate_large(kAll / 2), std::bad_alloc);
    CHECK_THROWS_AS(LargePages<std::uint64_t>{}.allocate(kAll / 2), std::bad_alloc);
}

}  // namespace bitask::io
