#include "cli/format/base64.hpp"

#include "support/catch.hpp"
#include "support/format_fixture.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bitask::cli {
namespace {

std::string encode(std::string_view bytes, std::size_t piece) {
    test::TextSink sink;
    Base64Encoder encoder{sink};
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        encoder.write(bytes.substr(at, piece));
    }
    encoder.finish();
    return sink.text;
}

std::optional<std::string> decode(std::string_view text) {
    test::TextSink sink;
    return decode_base64(text, sink) ? std::optional{sink.text} : std::nullopt;
}

// RFC 4648, section 10, and bytes that need every digit of the alphabet.
const std::vector<std::pair<std::string, std::string>> kExamples{
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {std::string{"\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93\x51"
                 "\x55\x97\x61\x96\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7\xa2\x9a"
                 "\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3\x5d\xb7\xe3\x9e\xbb\xf3\xdf\xbf",
                 48},
     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"},
};

TEST_CASE("base64 is that of the standard, in both directions") {
    for (const auto& [bytes, text] : kExamples) {
        CAPTURE(text);
        CHECK(encode(bytes, 4096) == text);
        CHECK(decode(text) == bytes);
    }
}

TEST_CASE("base64 does not depend on the pieces that the bytes come in") {
    std::string bytes;
    for (int i = 0; i < 3000; ++i) {
        bytes += static_cast<char>(i * 7 + i / 256);
    }
    const std::string whole = encode(bytes, bytes.size());
    for (std::size_t piece = 1; piece < 20; ++piece) {
        CAPTURE(piece);
        CHECK(encode(bytes, piece) == whole);
    }
    CHECK(decode(whole) == bytes);
}

TEST_CASE("text that no encoder writes is not base64") {
    const auto text =
        GENERATE(as<std::string>{}, "Z", "Zg", "Zg=", "Zm8", "Zm9vYg",  // not whole groups
                 "Z===", "====", "=", "Zg==Zg==", "Zm=v",               // padding misplaced
                 "Zh==", "Zm9=",                                        // bits of no byte
                 "Zm9v\n", "Zm 9", "Zm-_", "Zm9\xff", "Zm9v====");
    CAPTURE(text);
    CHECK_FALSE(decode(text));
}

}  // namespace
}  // namespace bitask::cli
