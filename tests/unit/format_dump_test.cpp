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

constexpr std::string_view kBytevalue = "VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n";
constexpr std::string_view kPrint = "VERSION=3\nformat=print\ntype=btree\nHEADER=END\n";

std::string dump(std::string_view header, std::string_view data) {
    return std::string{header}.append(data).append("DATA=END\n");
}

std::vector<Pair> parse(std::string_view text) {
    return test::parse(Format::dump, text);
}
std::string refusal_of(std::string_view text) {
    return test::refusal_of(Format::dump, text);
}

TEST_CASE("dump prints hex digits, and dump-print what can be seen") {
    const std::vector<Pair> pairs{{"a\\ ", "\0\x7f\xff"s}};
    CHECK(test::print(Format::dump, pairs) == dump(kBytevalue, " 615c20\n 007fff\n"));
    CHECK(test::print(Format::dump_print, pairs) == dump(kPrint, " a\\5c \n \\00\\7f\\ff\n"));
    CHECK(test::print(Format::dump, {}) == dump(kBytevalue, ""));
}

TEST_CASE("dump reads both forms under either name") {
    const std::vector<Pair> pairs{{"a\\ ", "\0\x7f\xff"s}};
    CHECK(parse(dump(kBytevalue, " 615C20\n 007fFF\n")) == pairs);
    CHECK(parse(dump(kPrint, " a\\5c \n \\00\\7F\\ff\n")) == pairs);
    CHECK(parse(dump(kPrint, " a\\\\ \n \\00\\7F\\ff\n")) == pairs);
    CHECK(test::parse(Format::dump_print, dump(kBytevalue, " 615c20\n 007fff\n")) == pairs);
    CHECK(parse(dump(kBytevalue, "")).empty());
}

TEST_CASE("dump reads the headers of other programs") {
    CHECK(parse("VERSION=3\nformat=bytevalue\ndatabase=main\ntype=btree\nmapsize=1048576\n"
                "maxreaders=126\ndb_pagesize=4096\nHEADER=END\n 61\n 62\nDATA=END\n") ==
          std::vector<Pair>{{"a", "b"}});
    CHECK(parse("VERSION=2\nformat=print\ntype=hash\nh_nelem=1\nHEADER=END\n a\n b\nDATA=END\n") ==
          std::vector<Pair>{{"a", "b"}});
}

TEST_CASE("dump reads one database after the other, and says so") {
    test::TextInput input{dump(kBytevalue, " 61\n 62\n") + dump(kPrint, " c\n d\n")};
    test::PairSource source{Format::dump, input};
    CHECK(source.rest() == std::vector<Pair>{{"a", "b"}, {"c", "d"}});
    CHECK(source.warnings ==
          std::vector<std::string>{"input:11: another database begins; its pairs go to the same "
                                   "store"});
}

TEST_CASE("dump warns where a key may have several values") {
    for (const std::string header : {"duplicates", "dupsort"}) {
        test::TextInput input{"VERSION=3\nformat=print\ntype=btree\n" + header +
                              "=1\nHEADER=END\n a\n b\nDATA=END\n"};
        test::PairSource source{Format::dump, input};
        CHECK(source.rest().size() == 1);
        CHECK(source.warnings ==
              std::vector<std::string>{
                  "input:4: a key may have several values there; the last one counts"});
    }
}

TEST_CASE("dump says which line is wrong, and how") {
    const std::string data = "input:5: ";
    CHECK(refusal_of("") == "input:1: the input ends before HEADER=END");
    CHECK(refusal_of("a\tb\n") == "input:1: no header of a dump");
    CHECK(refusal_of(std::string(5000, 'x')) == "input:1: no header of a dump");
    CHECK(refusal_of("VERSION=3\n") == "input:1: the input ends before HEADER=END");
    CHECK(refusal_of("VERSION=9\nHEADER=END\n") == "input:1: a dump of an unknown version");
    CHECK(refusal_of("VERSION=3\nformat=x\n") == "input:2: a dump of an unknown format");
    CHECK(refusal_of("VERSION=3\ntype=recno\n") == "input:2: a dump without keys");
    CHECK(refusal_of("VERSION=3\nkeys=0\n") == "input:2: a dump without keys");
    CHECK(refusal_of(std::string{kBytevalue}) == "input:4: the input ends before DATA=END");
    CHECK(refusal_of(dump(kBytevalue, "61\n 62\n")) ==
          data + "a line of data does not begin with a blank");
    CHECK(refusal_of(dump(kBytevalue, " 6\n 62\n")) ==
          data + "a line of data ends in the middle of a byte");
    CHECK(refusal_of(dump(kBytevalue, " 6x\n 62\n")) ==
          data + "not a hex digit where one should be");
    CHECK(refusal_of(dump(kPrint, " \\6\n b\n")) ==
          data + "a line of data ends in the middle of a byte");
    CHECK(refusal_of(dump(kPrint, " \\\n b\n")) ==
          data + "a line of data ends in the middle of a byte");
    CHECK(refusal_of(dump(kBytevalue, " \n 62\n")) == data + "empty key");
    CHECK(refusal_of(dump(kBytevalue, " 61\n \n")) == "input:6: empty value");
    CHECK(refusal_of(dump(kBytevalue, " 61\n")) == "input:6: a key without a value");
    CHECK(refusal_of(std::string{kBytevalue} + " 61\n") ==
          "input:5: the input ends before DATA=END");
    CHECK(refusal_of(std::string{kBytevalue} + " 61\n 62") ==
          "input:6: the input ends before DATA=END");
}

TEST_CASE("dump goes on behind a pair that cannot be stored") {
    test::TextInput input{dump(kBytevalue, " 6x\n 62\n 61\n 6\n \n 62\n 63\n 64\n")};
    test::PairSource source{Format::dump, input};
    for (const std::string line : {"input:5", "input:8", "input:9"}) {
        CHECK(source.refusal().starts_with(line + ":"));
        CHECK(source.goes_on());
    }
    CHECK(source.next() == Pair{"c", "d"});
    CHECK(source.at_end());
}

}  // namespace
}  // namespace bitask::cli
