#include "cli/format/pair_format.hpp"

#include "support/catch.hpp"

#include <string>

namespace bitask::cli {
namespace {

TEST_CASE("a format is known by its name, and no other is") {
    for (const Format format : {Format::tsv, Format::json, Format::null, Format::cdb, Format::dump,
                                Format::dump_print, Format::resp}) {
        CHECK(format_from_name(format_name(format)) == format);
    }
    CHECK(format_names() == "tsv, json, null, cdb, dump, dump-print, resp");
    CHECK_FALSE(format_from_name("xml"));
    CHECK_FALSE(format_from_name("TSV"));
    CHECK_FALSE(format_from_name(""));
}

}  // namespace
}  // namespace bitask::cli
