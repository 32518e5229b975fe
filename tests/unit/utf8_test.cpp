#include "cli/format/utf8.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bitask::cli {
namespace {

// By the arithmetic of the encoding, and not by the table of allowed bytes that the checker uses.
std::string encode(std::uint32_t code, std::size_t size) {
    if (size == 1) {
        return {static_cast<char>(code)};
    }
    std::string text(size, '\0');
    for (std::size_t i = size - 1; i > 0; --i) {
        text[i] = static_cast<char>(0x80U | (code & 0x3fU));
        code >>= 6U;
    }
    text[0] = static_cast<char>((0xf00U >> size) | code);
    return text;
}

std::size_t shortest_size(std::uint32_t code) {
    if (code < 0x80) {
        return 1;
    }
    if (code < 0x800) {
        return 2;
    }
    return code < 0x10000 ? 3 : 4;
}

// How many numbers up to `last` are wrongly judged when written in `size` bytes.
int misjudged(std::uint32_t last, std::size_t size) {
    int count = 0;
    for (std::uint32_t code = 0; code <= last; ++code) {
        const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
        const bool expected = !is_surrogate && code <= 0x10ffff && size == shortest_size(code);
        if (is_utf8(encode(code, size)) != expected) {
            ++count;
        }
    }
    return count;
}

TEST_CASE("every code point in its shortest form is UTF-8, and no surrogate or overlong form") {
    CHECK(misjudged(0x7f, 1) == 0);
    CHECK(misjudged(0x7ff, 2) == 0);
    CHECK(misjudged(0xffff, 3) == 0);
    CHECK(misjudged(0x1fffff, 4) == 0);
}

TEST_CASE("no bytes at all are UTF-8") {
    CHECK(is_utf8(""));
}

TEST_CASE("stray, missing and impossible bytes are not UTF-8") {
    const auto text = GENERATE(as<std::string>{}, "\x80", "\xbf", "a\x80", "\xc3", "\xc3(",
                               "\xe2\x82", "\xe2\x82z", "\xf0\x9f\x98", "\xf0\x9f\x98!", "\xc3\xc3",
                               "\xfe", "\xff", "\xf8\x88\x80\x80\x80", "12345678\xff",
                               "\xff"
                               "12345678");
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
}

TEST_CASE("pieces cut at any two places are judged like the whole") {
    const std::vector<std::string> texts{
        "12345678abcdefgh\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80yz",  // valid
        "12345678\xc3\xa4\xed\xa0\x80 a surrogate",
        "cut off \xf0\x9f\x98",
    };
    for (const std::string& text : texts) {
        const bool whole = is_utf8(text);
        for (std::size_t first = 0; first <= text.size(); ++first) {
            for (std::size_t second = first; second <= text.size(); ++second) {
                CAPTURE(text, first, second);
                Utf8Check check;
                check.write(text.substr(0, first));
                check.write(text.substr(first, second - first));
                check.write(text.substr(second));
                REQUIRE(check.valid() == whole);
            }
        }
    }
}

TEST_CASE("inside a character the bytes so far are not yet UTF-8") {
    Utf8Check check;
    check.write("\xe2\x82");
    CHECK_FALSE(check.valid());
    check.write("\xac");
    CHECK(check.valid());
}

}  // namespace
}  // namespace bitask::cli
