#include "bitask/limits.hpp"
#include "cli/format/pair_format.hpp"
#include "support/catch.hpp"
#include "support/format_fixture.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bitask::cli {
namespace {

using test::Pair;
using namespace std::string_literals;

std::vector<Pair> parse(std::string_view text) {
    return test::parse(Format::null, text);
}
std::string refusal_of(std::string_view text) {
    return test::refusal_of(Format::null, text);
}

TEST_CASE("null prints key and value as they are, each closed by a NUL") {
    CHECK(test::print(Format::null, {{"k", "v"}, {"a\t\\", "\n\xff"}}) == "k\0v\0a\t\\\0\n\xff\0"s);
    CHECK(test::print_key(Format::null, "k\n") == "k\n\0"s);
}

TEST_CASE("null prints nothing of a pair that holds a NUL, and says what to do") {
    test::TextSink sink;
    const auto writer = make_pair_writer(Format::null, sink);
    const std::string advice =
        " holds a NUL byte, which the null format cannot express; use tsv or json";
    CHECK(test::usage_error_of([&] { writer->write_pair("k\0"s, test::TextValue{"v"}); }) ==
          "the key \"k\\0\"" + advice);
    CHECK(test::usage_error_of([&] { writer->write_key("\0"s); }) == "the key \"\\0\"" + advice);
    const std::string value = std::string(100, 'v') + '\0';
    CHECK(test::usage_error_of([&] {
              writer->write_pair("k", test::TextValue{value, 7});
          }) == "the value of \"k\"" + advice);
    CHECK(sink.text.empty());
    writer->write_pair("k", test::TextValue{"v"});
    CHECK(sink.text == "k\0v\0"s);
}

TEST_CASE("null reads pairs back as they are") {
    CHECK(parse("k\0v\0a\t\\\0\n\\x\xff\0"s) ==
          std::vector<Pair>{{"k", "v"}, {"a\t\\", "\n\\x\xff"}});
    CHECK(parse("").empty());
}

TEST_CASE("null says which pair is wrong, and how") {
    CHECK(refusal_of("\0v\0"s) == "input: pair 1: empty key");
    CHECK(refusal_of("k\0\0"s) == "input: pair 1: empty value");
    CHECK(refusal_of("k") == "input: pair 1: the input ends in the middle of a pair");
    CHECK(refusal_of("k\0"s) == "input: pair 1: the input ends in the middle of a pair");
    CHECK(refusal_of("k\0v"s) == "input: pair 1: the input ends in the middle of a pair");
    CHECK(refusal_of(std::string(kMaxKeySize + 1, 'k') + "\0v\0"s) ==
          "input: pair 1: key longer than 65536 bytes");
}

TEST_CASE("null counts pairs, not fields") {
    test::TextInput input{
        "a\0"
        "1\0b\0\0"s};
    test::PairSource source{Format::null, input};
    CHECK(source.next() == Pair{"a", "1"});
    CHECK(source.refusal() == "input: pair 2: empty value");
    CHECK(source.warnings.empty());
}

TEST_CASE("null puts the position before what the value's builder refuses") {
    test::TextInput input{"k\0v\0"s};
    const auto reader = make_pair_reader(Format::null, input, [](const std::string&) {});
    std::string key;
    test::FullBuilder full;
    CHECK(test::usage_error_of([&] { reader->next(key, full); }) ==
          "input: pair 1: value longer than 4294967295 bytes");
}

}  // namespace
}  // namespace bitask::cli
