#include "bitask/error.hpp"
#include "cli/format/pair_format.hpp"
#include "support/catch.hpp"
#include "support/format_fixture.hpp"

#include <string>

namespace bitask::cli {
namespace {

using namespace std::string_literals;

TEST_CASE("resp prints a command for each pair, with the lengths of its parts") {
    CHECK(test::print(Format::resp, {{"k", "value"}, {"\r\n", "\0"s}}) ==
          "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n"
          "*3\r\n$3\r\nSET\r\n$2\r\n\r\n\r\n$1\r\n\0\r\n"s);
    CHECK(test::print(Format::resp, {}).empty());
}

TEST_CASE("resp cannot be read") {
    CHECK_FALSE(can_be_read(Format::resp));
    CHECK(test::usage_error_of([] { test::parse(Format::resp, ""); }) ==
          "the resp format can only be printed");
}

TEST_CASE("formats that are made of pairs print no keys alone") {
    for (const Format format : {Format::cdb, Format::dump, Format::dump_print, Format::resp}) {
        CHECK_FALSE(has_keys_alone(format));
        CHECK(test::usage_error_of([format] {
                  test::print_key(format, "k");
              }).ends_with("has no place for keys without values"));
    }
}

}  // namespace
}  // namespace bitask::cli
