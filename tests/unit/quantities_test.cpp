#include "cli/quantities.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bitask::cli {
namespace {

using namespace std::chrono_literals;

TEST_CASE("seconds are whole numbers or fractions, and no part of a millisecond is lost") {
    CHECK(parse_seconds("0") == 0ms);
    CHECK(parse_seconds("1") == 1000ms);
    CHECK(parse_seconds("1.5") == 1500ms);
    CHECK(parse_seconds("0.25") == 250ms);
    CHECK(parse_seconds("0.0001") == 1ms);  // not 0, which would not wait at all
    CHECK(parse_seconds("1e1") == 10'000ms);
    CHECK(parse_seconds("315360000") == 315'360'000'000ms);
}

TEST_CASE("what is no time to wait is refused") {
    for (const char* const text : {"", "-1", "-0.001", "soon", "1s", "1 ", " 1", "+1", "1,5", "inf",
                                   "-inf", "nan", "0x10", "315360001", "1e400", "1.2.3"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_seconds(text));
    }
}

TEST_CASE("sizes are bytes, or multiples of powers of 1024") {
    const std::vector<std::pair<const char*, std::uint64_t>> sizes{
        {"1", 1},
        {"4096", 4096},
        {"4K", 4096},
        {"4k", 4096},
        {"3M", 3ULL << 20},
        {"3m", 3ULL << 20},
        {"2G", 2ULL << 30},
        {"2g", 2ULL << 30},
        {"18446744073709551615", UINT64_MAX},
        {"17179869183G", 17179869183ULL << 30},
    };
    for (const auto& [text, size] : sizes) {
        CAPTURE(text);
        CHECK(parse_size(text) == size);
    }
}

TEST_CASE("what is no size is refused, 0 and what does not fit 64 bits too") {
    for (const char* const text :
         {"", "0", "0K", "K", "G", "-1", "+1", "1.5M", "1T", "1KB", "1 K", "KK", "1KK",
          "18446744073709551616", "17179869184G", "18014398509481984K"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("percentages go from 0 to 100") {
    CHECK(parse_percent("0") == 0);
    CHECK(parse_percent("12.5") == 12.5);
    CHECK(parse_percent("100") == 100);
    for (const char* const text : {"", "-1", "100.1", "50%", "half", "nan", "inf", " 5"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_percent(text));
    }
}

TEST_CASE("counts are whole numbers that fit 64 bits") {
    CHECK(parse_count("0") == 0);
    CHECK(parse_count("007") == 7);
    CHECK(parse_count("18446744073709551615") == UINT64_MAX);
    for (const char* const text : {"", "-1", "+1", "1.0", "1e3", "18446744073709551616", "1K"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_count(text));
    }
}

}  // namespace
}  // namespace bitask::cli
