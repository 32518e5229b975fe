#include "cli/format/key_lines.hpp"

#include "bitask/limits.hpp"
#include "support/catch.hpp"
#include "support/format_fixture.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bitask::cli {
namespace {

using namespace std::string_literals;

// What reading keys gives up to the end, or to a complaint, which comes last.
std::vector<std::string> read(KeyEnding ending, Input& input) {
    std::vector<std::string> met;
    KeyLines lines{input, ending};
    std::string key;
    const std::string refusal = test::usage_error_of([&] {
        while (lines.next(key)) {
            met.push_back(key);
        }
    });
    if (!refusal.empty()) {
        met.push_back("refused: " + refusal);
    }
    return met;
}

std::vector<std::string> read(KeyEnding ending, std::string_view text) {
    test::TextInput input{text};
    return read(ending, input);
}

using Keys = std::vector<std::string>;

TEST_CASE("keys stand a line each, with escapes; the last newline may be missing") {
    CHECK(read(KeyEnding::newline, "a\nb c\n\\t\\n\\x00\\\\\nlast") ==
          Keys{"a", "b c", "\t\n\0\\"s, "last"});
    CHECK(read(KeyEnding::newline, "a\n") == Keys{"a"});
    CHECK(read(KeyEnding::newline, "").empty());
}

TEST_CASE("a raw TAB belongs to the key") {
    CHECK(read(KeyEnding::newline, "a\tb\n") == Keys{"a\tb"});
}

TEST_CASE("keys closed by NUL are taken as they are; the last NUL may be missing") {
    CHECK(read(KeyEnding::nul, "a\nb\0\\t\0last"s) == Keys{"a\nb", "\\t", "last"});
    CHECK(read(KeyEnding::nul, "a\0"s) == Keys{"a"});
    CHECK(read(KeyEnding::nul, "").empty());
}

TEST_CASE("malformed keys are refused with their line, or their number where there are no lines") {
    CHECK(read(KeyEnding::newline, "a\n\nb\n") == Keys{"a", "refused: input:2: empty key"});
    CHECK(read(KeyEnding::newline, "\\qzz\n") == Keys{"refused: input:1: unknown escape \\q"});
    CHECK(read(KeyEnding::newline, "a\nb\nc\\x4\n") ==
          Keys{"a", "b", "refused: input:3: unfinished escape \\x4"});
    CHECK(read(KeyEnding::nul, "a\0\0b\0"s) == Keys{"a", "refused: input: key 2: empty key"});
}

TEST_CASE("a key may be as long as a store takes, and not a byte longer") {
    const std::string longest(kMaxKeySize, 'k');
    const std::string too_long = longest + 'k';
    CHECK(read(KeyEnding::newline, longest + '\n' + too_long + '\n') ==
          Keys{longest, "refused: input:2: key longer than 65536 bytes"});
    CHECK(read(KeyEnding::nul, longest + '\0' + too_long + '\0') ==
          Keys{longest, "refused: input: key 2: key longer than 65536 bytes"});
}

TEST_CASE("keys do not depend on the pieces that the input comes in") {
    const std::string text = "a\nb\\tc\\x41\\\\\n\n\\q\nlast";
    const Keys whole = read(KeyEnding::newline, text);
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        CAPTURE(piece);
        test::PiecewiseInput input{text, piece};
        CHECK(read(KeyEnding::newline, input) == whole);
    }
}

}  // namespace
}  // namespace bitask::cli
