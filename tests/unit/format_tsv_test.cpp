#include "bitask/limits.hpp"
#include "cli/format/escapes.hpp"
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

std::vector<Pair> parse(std::string_view text) {
    return test::parse(Format::tsv, text);
}
std::string refusal_of(std::string_view text) {
    return test::refusal_of(Format::tsv, text);
}

TEST_CASE("tsv prints a pair a line, key TAB value") {
    CHECK(test::print(Format::tsv, {{"k", "v"}, {"a b", "c,d \"e\""}}) == "k\tv\na b\tc,d \"e\"\n");
}

TEST_CASE("tsv escapes what would break a line or a terminal, and nothing else") {
    CHECK(test::print(Format::tsv, {{"\t\n\r\0\\"s, "\x01\x1f\x7f\x1b[0m"}}) ==
          "\\t\\n\\r\\0\\\\\t\\x01\\x1f\\x7f\\x1b[0m\n");
    CHECK(test::print(Format::tsv, {{"\xc3\xa4", "\xff\x80 ~"}}) == "\xc3\xa4\t\xff\x80 ~\n");
}

TEST_CASE("tsv prints keys alone a line each, with the same escapes") {
    CHECK(test::print_key(Format::tsv, "a\tb") == "a\\tb\n");
}

TEST_CASE("tsv understands every escape in keys and values, hex digits in either case") {
    CHECK(parse("\\t\\n\\r\\0\\\\\\x41\t\\xff\\xFF\\x00\\\\n\n") ==
          std::vector<Pair>{{"\t\n\r\0\\A"s, "\xff\xff\0\\n"s}});
}

TEST_CASE("tsv takes raw bytes as they are, and TABs behind the first for the value's") {
    CHECK(parse("k\tv\tw\t\n") == std::vector<Pair>{{"k", "v\tw\t"}});
    CHECK(parse("k\0\x01\tv\r\n"s) == std::vector<Pair>{{"k\0\x01"s, "v\r"}});
}

TEST_CASE("tsv finds no pairs in an empty input") {
    CHECK(parse("").empty());
}

TEST_CASE("tsv takes a last line without a newline and warns") {
    test::TextInput input{"a\t1\nb\t2"};
    test::PairSource source{Format::tsv, input};
    CHECK(source.next() == Pair{"a", "1"});
    CHECK(source.warnings.empty());
    CHECK(source.next() == Pair{"b", "2"});
    CHECK(source.at_end());
    REQUIRE(source.warnings.size() == 1);
    CHECK_THAT(source.warnings.front(), ContainsSubstring("input:2: "));
}

TEST_CASE("the rest of a line that was taken as the last is never read as a line of its own") {
    test::TextInput input{"a\t1"};
    test::PairSource source{Format::tsv, input};
    CHECK(source.next() == Pair{"a", "1"});
    input.grow("0\nb\t2\n");
    CHECK(source.at_end());
}

TEST_CASE("tsv says what is wrong with a line") {
    CHECK(refusal_of("\n") == "input:1: no TAB between key and value");
    CHECK(refusal_of("k\n") == "input:1: no TAB between key and value");
    CHECK(refusal_of("k") == "input:1: no TAB between key and value");
    CHECK(refusal_of("\tv\n") == "input:1: empty key");
    CHECK(refusal_of("k\t\n") == "input:1: empty value");
    CHECK(refusal_of("k\t") == "input:1: empty value");
    CHECK(refusal_of("k\\q\tv\n") == "input:1: unknown escape \\q");
    CHECK(refusal_of("k\tv\\\"\n") == "input:1: unknown escape \\\"");
    CHECK(refusal_of("k\t\\X41\n") == "input:1: unknown escape \\X");
    CHECK(refusal_of("k\t\\x4g\n") == "input:1: unknown escape \\x4g");
    CHECK(refusal_of("k\t\\xg\n") == "input:1: unknown escape \\xg");
    CHECK(refusal_of("k\t\\\x1b\n") == "input:1: unknown escape \\ followed by byte 0x1b");
    CHECK(refusal_of("k\t\\x\xc3\xa4\n") == "input:1: unknown escape \\x followed by byte 0xc3");
    CHECK(refusal_of("k\\\tv\n") == "input:1: unfinished escape \\");
    CHECK(refusal_of("k\tv\\\n") == "input:1: unfinished escape \\");
    CHECK(refusal_of("k\tv\\x4\n") == "input:1: unfinished escape \\x4");
}

TEST_CASE("tsv counts lines") {
    test::TextInput input{"a\t1\nb\t2\n\nc\t3\n"};
    test::PairSource source{Format::tsv, input};
    CHECK(source.next() == Pair{"a", "1"});
    CHECK(source.next() == Pair{"b", "2"});
    CHECK(source.refusal() == "input:3: no TAB between key and value");
}

TEST_CASE("tsv shows good lines in place, and leaves all others to be read") {
    test::TextInput input{"a\t1\nb\t2\t3\nc\t\\n\nd\t4\n\t5\ne\t\nno tab\n" +
                          std::string(kMaxKeySize + 1, 'k') + "\t6\nf\t7"};
    test::PairSource source{Format::tsv, input};
    CHECK_FALSE(source.next_in_place());  // nothing has been read yet
    CHECK(source.next() == Pair{"a", "1"});
    CHECK(source.next_in_place() == Pair{"b", "2\t3"});
    CHECK_FALSE(source.next_in_place());
    CHECK_FALSE(source.next_in_place());
    CHECK(source.next() == Pair{"c", "\n"});
    CHECK(source.next_in_place() == Pair{"d", "4"});
    for (const char* const refusal :
         {"input:5: empty key", "input:6: empty value", "input:7: no TAB between key and value",
          "input:8: key longer than 65536 bytes"}) {
        CHECK_FALSE(source.next_in_place());
        CHECK(source.refusal() == refusal);
    }
    CHECK_FALSE(source.next_in_place());
    CHECK(source.next() == Pair{"f", "7"});
    CHECK_FALSE(source.next_in_place());
    CHECK(source.at_end());
    CHECK(source.warnings.size() == 1);
}

TEST_CASE("tsv takes the longest key, and of a longer one never more than it has to") {
    const std::string longest(kMaxKeySize, 'k');
    CHECK(parse(longest + "\tv\n") == std::vector<Pair>{{longest, "v"}});
    CHECK(refusal_of(longest + "k\tv\n") == "input:1: key longer than 65536 bytes");

    test::TextInput input{std::string(32 * kMaxKeySize, 'k') + "\nb\t2\n"};
    const auto reader = make_pair_reader(Format::tsv, input, [](const std::string&) {});
    std::string key;
    ValueBuilder value{"a-store-that-is-never-created"};
    CHECK(test::usage_error_of([&] { reader->next(key, value); }) ==
          "input:1: key longer than 65536 bytes");
    CHECK(key.capacity() <= 2 * kMaxKeySize);
}

TEST_CASE("tsv puts the position before what the value's builder refuses") {
    test::TextInput input{"a\t1\n"};
    const auto reader = make_pair_reader(Format::tsv, input, [](const std::string&) {});
    std::string key;
    test::FullBuilder value;
    CHECK(test::usage_error_of([&] { reader->next(key, value); }) ==
          "input:1: value longer than 4294967295 bytes");
}

TEST_CASE("a key in a message stands in double quotes, escaped, on one line") {
    CHECK(in_quotes("user:17") == "\"user:17\"");
    CHECK(in_quotes("a\tb\n\"\\\x1b\0"s) == "\"a\\tb\\n\\\"\\\\\\x1b\\0\"");
    CHECK(in_quotes("\xc3\xa4") == "\"\xc3\xa4\"");
}

TEST_CASE("of a key a message shows no byte that is not UTF-8, and no control character") {
    CHECK(in_quotes("\xff") == R"("\xff")");
    CHECK(in_quotes("a\xc3(\xe2\x82") == R"("a\xc3(\xe2\x82")");
    CHECK(in_quotes("\xed\xa0\x80") == R"("\xed\xa0\x80")");
    CHECK(in_quotes("\xc2\x80\xc2\x9b\xc2\x9f") == R"("\xc2\x80\xc2\x9b\xc2\x9f")");
    CHECK(in_quotes("\xc2\xa0\xf0\x9f\x98\x80") == "\"\xc2\xa0\xf0\x9f\x98\x80\"");
}

TEST_CASE("a message is one line that a terminal can only show, and keeps its backslashes") {
    CHECK(in_one_line("open a\nb\x1b\xc2\x9b\xff\xc3\xa4: \"k\\t\"") ==
          "open a\\nb\\x1b\\xc2\\x9b\\xff\xc3\xa4: \"k\\t\"");
}

TEST_CASE("of a very long key a message shows both ends and the length") {
    const std::string longest_shown(200, 'k');
    CHECK(in_quotes(longest_shown) == '"' + longest_shown + '"');

    const std::string shown = in_quotes("first" + std::string(65000, 'k') + "last");
    CHECK(shown.size() < 250);
    CHECK_THAT(shown, ContainsSubstring("\"firstkkk"));
    CHECK_THAT(shown, ContainsSubstring("kkk...kkk"));
    CHECK_THAT(shown, ContainsSubstring("kkklast\" (65009 bytes)"));
}

TEST_CASE("a long key is not cut inside a UTF-8 character") {
    std::string key;
    for (int i = 0; i < 100; ++i) {
        key += "\xe2\x82\xac";
    }
    for (int shift = 0; shift < 3; ++shift) {
        CAPTURE(shift);
        const std::string shown = in_quotes(key);
        CHECK_THAT(shown, ContainsSubstring("\x82\xac...\xe2\x82"));
        key.insert(0, 1, 'k');
        key += 'k';
    }
}

}  // namespace
}  // namespace bitask::cli
