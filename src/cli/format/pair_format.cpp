#include "cli/format/pair_format.hpp"

#include "bitask/error.hpp"
#include "cli/format/factories.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace bitask::cli {

namespace {

struct Named {
    std::string_view name;
    Format format;
};

constexpr std::array kFormats{Named{"tsv", Format::tsv},   Named{"json", Format::json},
                              Named{"null", Format::null}, Named{"cdb", Format::cdb},
                              Named{"dump", Format::dump}, Named{"dump-print", Format::dump_print},
                              Named{"resp", Format::resp}};

}  // namespace

std::optional<Format> format_from_name(std::string_view name) {
    const auto* const found = std::ranges::find(kFormats, name, &Named::name);
    return found == kFormats.end() ? std::nullopt : std::optional{found->format};
}

std::string_view format_name(Format format) {
    return std::ranges::find(kFormats, format, &Named::format)->name;
}

std::string format_names() {
    std::string names;
    for (const Named& one : kFormats) {
        names += (names.empty() ? "" : ", ");
        names += one.name;
    }
    return names;
}

bool has_keys_alone(Format format) noexcept {
    return format == Format::tsv || format == Format::json || format == Format::null;
}

bool can_be_read(Format format) noexcept {
    return format != Format::resp;
}

void throw_no_keys_alone(Format format) {
    throw Error{ErrorKind::usage, "the " + std::string{format_name(format)} +
                                      " format has no place for keys without values"};
}

std::unique_ptr<PairWriter> make_pair_writer(Format format, ByteSink& out) {
    switch (format) {
        case Format::tsv: return make_tsv_writer(out);
        case Format::json: return make_json_writer(out);
        case Format::null: return make_null_writer(out);
        case Format::cdb: return make_cdb_writer(out);
        case Format::dump: return make_dump_writer(out, DumpForm::bytevalue);
        case Format::dump_print: return make_dump_writer(out, DumpForm::print);
        case Format::resp: return make_resp_writer(out);
    }
    throw Error{ErrorKind::usage, "no such format"};
}

std::unique_ptr<PairReader> make_pair_reader(Format format, Input& input, Warn warn) {
    switch (format) {
        case Format::tsv: return make_tsv_reader(input, std::move(warn));
        case Format::json: return make_json_reader(input, std::move(warn));
        case Format::null: return make_null_reader(input);
        case Format::cdb: return make_cdb_reader(input);
        case Format::dump:
        case Format::dump_print: return make_dump_reader(input, std::move(warn));
        case Format::resp: break;
    }
    throw Error{ErrorKind::usage,
                "the " + std::string{format_name(format)} + " format can only be printed"};
}

}  // namespace bitask::cli
