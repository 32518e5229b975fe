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
    return test::parse(Format::cdb, text);
}
std::string refusal_of(std::string_view text) {
    return test::refusal_of(Format::cdb, text);
}

TEST_CASE("cdb prints lengths and bytes, and an empty line at the end") {
    CHECK(test::print(Format::cdb, {{"one", "Hello"}, {"\n->", "\0"s}}) ==
          "+3,5:one->Hello\n+3,1:\n->->\0\n\n"s);
    CHECK(test::print(Format::cdb, {}) == "\n");
}

TEST_CASE("cdb reads pairs back as they are") {
    CHECK(parse("+3,5:one->Hello\n+3,1:\n->->\0\n\n"s) ==
          std::vector<Pair>{{"one", "Hello"}, {"\n->", "\0"s}});
    CHECK(parse("\n").empty());
}

TEST_CASE("cdb says which pair is wrong, and how") {
    const auto wrong = GENERATE(
        Pair{"", "the input ends without the empty line behind the last pair"},
        Pair{"k\tv\n", "neither a pair nor the empty line behind the last one"},
        Pair{"+1,1:k->v", "the input ends without the empty line behind the last pair"},
        Pair{"+1,9:k->v\n\n", "the input ends without the empty line behind the last pair"},
        Pair{"+1,1:kk->v\n\n", "a key or value has another length than it says"},
        Pair{"+1,1:k->vv\n\n", "a key or value has another length than it says"},
        Pair{"+,1:k->v\n\n", "the length of a key or value is missing"},
        Pair{"+1,-1:k->v\n\n", "the length of a key or value is not a number"},
        Pair{"+1,4294967296:k->v\n\n", "the length of a key or value is too large"},
        Pair{"+1,18446744073709551617:k->v\n\n", "the length of a key or value is too large"},
        Pair{"+0,1:->v\n\n", "empty key"}, Pair{"+1,0:k->\n\n", "empty value"},
        Pair{"\n\n", "something follows the empty line behind the last pair"});
    CHECK(refusal_of(wrong.key) == "input: pair 1: " + wrong.value);
}

TEST_CASE("cdb refuses a key that is too long, whatever its length says") {
    const std::string key(kMaxKeySize + 1, 'k');
    CHECK(refusal_of("+65537,1:" + key + "->v\n\n") ==
          "input: pair 1: key longer than 65536 bytes");
    CHECK(refusal_of("+4294967295,1:k->v\n\n") ==
          "input: pair 1: the input ends without the empty line behind the last pair");
}

TEST_CASE("cdb goes on behind a pair that cannot be stored, and not where pairs are lost") {
    test::TextInput bad_pairs{"+0,1:->v\n+1,0:k->\n+65537,1:" + std::string(65'537, 'k') +
                              "->v\n+1,1:a->b\n\n"};
    test::PairSource source{Format::cdb, bad_pairs};
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(source.refusal().empty());
        CHECK(source.goes_on());
    }
    CHECK(source.next() == Pair{"a", "b"});
    CHECK(source.at_end());

    test::TextInput lost{"+1,1:kk->v\n+1,1:a->b\n\n"};
    test::PairSource none{Format::cdb, lost};
    CHECK_FALSE(none.refusal().empty());
    CHECK_FALSE(none.goes_on());
}

}  // namespace
}  // namespace bitask::cli
