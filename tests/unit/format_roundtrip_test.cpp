#include "cli/format/pair_format.hpp"
#include "cli/format/utf8.hpp"
#include "support/catch.hpp"
#include "support/format_fixture.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::cli {
namespace {

using test::Pair;

// Draws bytes that formats are likely to stumble over.
class HostileBytes {
public:
    // At least one byte. The null format has no place for NUL.
    std::string draw(std::size_t max_size, Format format) {
        const std::size_t size = 1 + number(max_size);
        const std::size_t taste = number(4);
        std::string bytes;
        while (bytes.size() < size) {
            bytes += piece(taste);
        }
        bytes.resize(size);
        if (format == Format::null) {
            std::replace(bytes.begin(), bytes.end(), '\0', '0');
        }
        return bytes;
    }

    std::vector<Pair> draw_pairs(std::size_t count, std::size_t max_size, Format format) {
        std::vector<Pair> pairs(count);
        for (Pair& pair : pairs) {
            pair = {draw(1 + number(40), format), draw(max_size, format)};
        }
        return pairs;
    }

private:
    // Not through a standard distribution: those draw other numbers on other platforms.
    std::size_t number(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

    std::string piece(std::size_t taste) {
        static const std::vector<std::string> kText{"a",
                                                    "0",
                                                    " ",
                                                    "x",
                                                    "\\",
                                                    "\\x",
                                                    "\\u00",
                                                    "\"",
                                                    "\t",
                                                    "\n",
                                                    "\r",
                                                    "\x7f",
                                                    "\x1b",
                                                    std::string(1, '\0'),
                                                    "{\"key\":",
                                                    "}",
                                                    "=",
                                                    "\xc3\xa4",
                                                    "\xe2\x82\xac",
                                                    "\xf0\x9f\x98\x80",
                                                    "plain text "};
        static const std::vector<std::string> kBroken{
            "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xff", "\xe2\x82", "\xf0"};
        switch (taste) {
            case 0: return "plain";
            case 1: return kText[number(kText.size())];
            case 2: return number(8) == 0 ? kBroken[number(kBroken.size())] : piece(1);
            default: return {static_cast<char>(number(256))};
        }
    }

    std::mt19937_64 random_{20240229};
};

TEST_CASE("what a format prints, it reads back to the byte") {
    const auto format = GENERATE(Format::tsv, Format::json, Format::null, Format::cdb, Format::dump,
                                 Format::dump_print);
    HostileBytes hostile;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(format, round);
        const std::vector<Pair> pairs =
            hostile.draw_pairs(1 + static_cast<std::size_t>(round % 7), 300, format);
        REQUIRE(test::parse(format, test::print(format, pairs)) == pairs);
    }
}

TEST_CASE("values larger than every buffer come back to the byte") {
    const auto format = GENERATE(Format::tsv, Format::json, Format::null, Format::cdb, Format::dump,
                                 Format::dump_print);
    HostileBytes hostile;
    const std::vector<Pair> pairs = hostile.draw_pairs(8, 400'000, format);
    CHECK(test::parse(format, test::print(format, pairs)) == pairs);
}

TEST_CASE("printing does not depend on the pieces that values come in") {
    const auto format = GENERATE(Format::tsv, Format::json, Format::null, Format::cdb, Format::dump,
                                 Format::dump_print);
    HostileBytes hostile;
    for (std::size_t piece = 1; piece < 60; ++piece) {
        CAPTURE(format, piece);
        const std::vector<Pair> pairs = hostile.draw_pairs(5, 300, format);
        REQUIRE(test::print(format, pairs, piece) == test::print(format, pairs));
    }
}

TEST_CASE("reading does not depend on the pieces that the input comes in") {
    const auto format = GENERATE(Format::tsv, Format::json, Format::null, Format::cdb, Format::dump,
                                 Format::dump_print);
    HostileBytes hostile;
    for (std::size_t piece = 1; piece < 40; ++piece) {
        CAPTURE(format, piece);
        const std::vector<Pair> pairs = hostile.draw_pairs(5, 200, format);
        test::PiecewiseInput input{test::print(format, pairs), piece};
        test::PairSource source{format, input};
        REQUIRE(source.rest() == pairs);
        REQUIRE(source.warnings.empty());
    }
}

TEST_CASE("json is UTF-8 on one line for each pair, whatever the bytes are") {
    HostileBytes hostile;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(round);
        const std::vector<Pair> pairs = hostile.draw_pairs(3, 300, Format::json);
        const std::string text = test::print(Format::json, pairs);
        REQUIRE(is_utf8(text));
        REQUIRE(std::count(text.begin(), text.end(), '\n') == 3);
    }
}

// Damaged input must end in pairs or in a complaint that tells where, never in anything worse.
TEST_CASE("input with bytes changed at random is read, or refused in one line") {
    const auto format = GENERATE(Format::tsv, Format::json, Format::null, Format::cdb, Format::dump,
                                 Format::dump_print);
    HostileBytes hostile;
    std::mt19937_64 random{7};
    std::size_t refused = 0;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(format, round);
        std::string text = test::print(format, hostile.draw_pairs(4, 40, format));
        for (int change = 0; change < 3; ++change) {
            text[random() % text.size()] = static_cast<char>(random() % 256);
        }
        test::TextInput input{text};
        test::PairSource source{format, input};
        const std::string refusal = test::usage_error_of([&] { source.rest(); });
        if (!refusal.empty()) {
            ++refused;
            REQUIRE(refusal.starts_with("input:"));
            REQUIRE(refusal.find('\n') == std::string::npos);
        }
    }
    CHECK(refused > 0);
}

}  // namespace
}  // namespace bitask::cli
