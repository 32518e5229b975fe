#include "bitask/limits.hpp"
#include "cli/format/pair_format.hpp"
#include "support/catch.hpp"
#include "support/format_fixture.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bitask::cli {
namespace {

using Catch::Matchers::ContainsSubstring;
using test::Pair;
using namespace std::string_literals;

std::string print(const Pair& pair) {
    return test::print(Format::json, {pair});
}
std::vector<Pair> parse(std::string_view text) {
    return test::parse(Format::json, text);
}
std::string refusal_of(std::string_view text) {
    return test::refusal_of(Format::json, text);
}

TEST_CASE("json prints an object a line") {
    CHECK(test::print(Format::json, {{"k", "v"}, {"a", "b"}}) ==
          "{\"key\":\"k\",\"value\":\"v\"}\n{\"key\":\"a\",\"value\":\"b\"}\n");
    CHECK(test::print_key(Format::json, "k") == "{\"key\":\"k\"}\n");
}

TEST_CASE("json escapes what JSON demands, and leaves other text as it is") {
    CHECK(print({"\"\\/\b\f\n\r\t", "\0\x01\x1f\x7f"s}) ==
          R"({"key":"\"\\/\b\f\n\r\t","value":"\u0000\u0001\u001f\u007f"})"
          "\n");
    CHECK(print({"\xc3\xa4", "\xf0\x9f\x98\x80"}) ==
          "{\"key\":\"\xc3\xa4\",\"value\":\"\xf0\x9f\x98\x80\"}\n");
}

TEST_CASE("json prints bytes that are not UTF-8 as base64") {
    CHECK(print({"\xff", "v"}) == R"({"key_base64":"/w==","value":"v"})"
                                  "\n");
    CHECK(print({"k", "\xed\xa0\x80"}) == R"({"key":"k","value_base64":"7aCA"})"
                                          "\n");
    CHECK(test::print_key(Format::json, "\xc3") == "{\"key_base64\":\"ww==\"}\n");
}

TEST_CASE("json prints a value alike whatever pieces it comes in") {
    const std::string text = "12345678 \xc3\xa4\n\xe2\x82\xac \xf0\x9f\x98\x80";
    const auto value = GENERATE_COPY(as<std::string>{}, text, text + "\xff", text + "\xf0\x9f\x98");
    for (std::size_t piece = 1; piece < value.size(); ++piece) {
        CAPTURE(value, piece);
        CHECK(test::print(Format::json, {{"k", value}}, piece) == print({"k", value}));
    }
}

TEST_CASE("json reads members in any order, with white space, with any escape") {
    CHECK(parse(" { \"value\" : \"v\" ,\t\"key\":\"k\" } \r\n") == std::vector<Pair>{{"k", "v"}});
    CHECK(parse(R"({"key":"\u0041\/\ud83d\ude00","value":"\u0000"})") ==
          std::vector<Pair>{{"A/\xf0\x9f\x98\x80", "\0"s}});
    CHECK(parse(R"({"\u006bey":"k","value":"v"})") == std::vector<Pair>{{"k", "v"}});
}

TEST_CASE("json reads base64 for either member") {
    CHECK(parse(R"({"key_base64":"/w==","value_base64":"AAE="})") ==
          std::vector<Pair>{{"\xff", "\0\x01"s}});
    CHECK(parse(R"({"key_base64":"aw==","value":"v"})") == std::vector<Pair>{{"k", "v"}});
}

TEST_CASE("json finds no pairs in an empty input") {
    CHECK(parse("").empty());
}

TEST_CASE("json takes a last line without a newline and warns") {
    test::TextInput input{R"({"key":"k","value":"v"})"};
    test::PairSource source{Format::json, input};
    CHECK(source.next() == Pair{"k", "v"});
    CHECK(source.at_end());
    REQUIRE(source.warnings.size() == 1);
    CHECK_THAT(source.warnings.front(), ContainsSubstring("input:1: "));
}

TEST_CASE("json refuses members that are missing, doubled, unknown or no strings") {
    CHECK(refusal_of(R"({})") == R"(input:1: neither "key" nor "key_base64")");
    CHECK(refusal_of(R"({"value":"v"})") == R"(input:1: neither "key" nor "key_base64")");
    CHECK(refusal_of(R"({"key":"k"})") == R"(input:1: neither "value" nor "value_base64")");
    CHECK(refusal_of(R"({"key":"k","key":"k","value":"v"})") == R"(input:1: "key" is there twice)");
    CHECK(refusal_of(R"({"value":"k","key":"k","value":"v"})") ==
          R"(input:1: "value" is there twice)");
    CHECK(refusal_of(R"({"key":"k","key_base64":"aw==","value":"v"})") ==
          R"(input:1: both "key" and "key_base64")");
    CHECK(refusal_of(R"({"key":"k","value_base64":"aw==","value":"v"})") ==
          R"(input:1: both "value_base64" and "value")");
    CHECK(refusal_of(R"({"key":"k","value":"v","ttl":"9"})") == R"(input:1: unknown member "ttl")");
    CHECK(refusal_of(R"({"Key":"k","value":"v"})") == R"(input:1: unknown member "Key")");
    CHECK(refusal_of(R"({"\n":"k"})") == R"(input:1: unknown member "\n")");
}

TEST_CASE("json refuses values of members that are no strings") {
    const auto value = GENERATE(as<std::string>{}, "1", "-1", "1.5", "1e400", "true", "false",
                                "null", "[]", "{}", "[\"v\"]", "{\"value\":\"v\"}");
    CAPTURE(value);
    const std::string refusal = refusal_of(R"({"key":"k","value":)" + value + "}");
    if (value == "1e400") {
        CHECK_THAT(refusal, ContainsSubstring("malformed JSON at byte "));
    } else {
        CHECK(refusal == R"(input:1: "value" is no string)");
    }
}

TEST_CASE("json refuses lines that are no object") {
    CHECK(refusal_of("\n") == "input:1: blank line");
    CHECK(refusal_of(" \t\r\n") == "input:1: blank line");
    const auto line = GENERATE(as<std::string>{}, "\"key\"", "1", "null", "true", "-2", "0.5",
                               "[{\"key\":\"k\",\"value\":\"v\"}]", "[]");
    CAPTURE(line);
    CHECK(refusal_of(line) == "input:1: not a JSON object");
}

TEST_CASE("json says where a line stops being JSON") {
    CHECK(refusal_of("{\"key\" \"k\"}") == "input:1: malformed JSON at byte 10");
    CHECK(refusal_of("{\"key\":\"k\"") == "input:1: malformed JSON at byte 11");
    CHECK(refusal_of("k\tv") == "input:1: malformed JSON at byte 1");
}

TEST_CASE("json refuses what lenient readers let pass") {
    const std::string pair = R"({"key":"k","value":"v"})";
    const auto line = GENERATE_COPY(
        as<std::string>{}, pair + pair, pair + " x", pair + ",", pair + "\0"s, pair + "\0x"s,
        "\0"s + pair, pair + "// comment"s, R"({"key":"k","value":"v",})"s,
        R"({'key':'k','value':'v'})"s, R"({key:"k","value":"v"})"s,
        "{\"key\":\"k\t\",\"value\":\"v\"}"s, "{\"key\":\"\xff\",\"value\":\"v\"}"s,
        "{\"key\":\"\xed\xa0\x80\",\"value\":\"v\"}"s, R"({"key":"\ud800","value":"v"})"s,
        R"({"key":"\udc00","value":"v"})"s, R"({"key":"\x41","value":"v"})"s);
    CAPTURE(line);
    CHECK_THAT(refusal_of(line), ContainsSubstring("input:1: malformed JSON at byte "));
}

TEST_CASE("json refuses base64 that is not strict") {
    CHECK(refusal_of(R"({"key_base64":"aw","value":"v"})") ==
          R"(input:1: "key_base64" is not valid base64)");
    CHECK(refusal_of(R"({"key":"k","value_base64":"a w="})") ==
          R"(input:1: "value_base64" is not valid base64)");
}

TEST_CASE("json refuses empty and too long keys and empty values") {
    CHECK(refusal_of(R"({"key":"","value":"v"})") == "input:1: empty key");
    CHECK(refusal_of(R"({"key_base64":"","value":"v"})") == "input:1: empty key");
    CHECK(refusal_of(R"({"key":"k","value":""})") == "input:1: empty value");
    CHECK(refusal_of(R"({"key":"k","value_base64":""})") == "input:1: empty value");

    const std::string longest(kMaxKeySize, 'k');
    CHECK(parse(R"({"key":")" + longest + R"(","value":"v"})") ==
          std::vector<Pair>{{longest, "v"}});
    CHECK(refusal_of(R"({"key":")" + longest + R"(k","value":"v"})") ==
          "input:1: key longer than 65536 bytes");
}

TEST_CASE("json puts the position before what the value's builder refuses") {
    test::TextInput input{R"({"key":"k","value":"v"})"};
    const auto reader = make_pair_reader(Format::json, input, [](const std::string&) {});
    std::string key;
    test::FullBuilder value;
    CHECK(test::usage_error_of([&] { reader->next(key, value); }) ==
          "input:1: value longer than 4294967295 bytes");
}

TEST_CASE("json counts lines") {
    test::TextInput input{"{\"key\":\"a\",\"value\":\"1\"}\n}\n"};
    test::PairSource source{Format::json, input};
    CHECK(source.next() == Pair{"a", "1"});
    CHECK_THAT(source.refusal(), ContainsSubstring("input:2: "));
}

}  // namespace
}  // namespace bitask::cli
