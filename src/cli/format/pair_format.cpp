#include "cli/format/pair_format.hpp"

#include "bitask/error.hpp"
#include "cli/format/factories.hpp"

#include <utility>

namespace bitask::cli {

std::optional<Format> format_from_name(std::string_view name) {
    if (name == "tsv") {
        return Format::tsv;
    }
    if (name == "json") {
        return Format::json;
    }
    if (name == "null") {
        return Format::null;
    }
    return std::nullopt;
}

std::string_view format_names() {
    return "tsv, json, null";
}

std::unique_ptr<PairWriter> make_pair_writer(Format format, ByteSink& out) {
    switch (format) {
        case Format::tsv: return make_tsv_writer(out);
        case Format::json: return make_json_writer(out);
        case Format::null: return make_null_writer(out);
    }
    throw Error{ErrorKind::usage, "no such format"};
}

std::unique_ptr<PairReader> make_pair_reader(Format format, Input& input, Warn warn) {
    switch (format) {
        case Format::tsv: return make_tsv_reader(input, std::move(warn));
        case Format::json: return make_json_reader(input, std::move(warn));
        case Format::null: return make_null_reader(input);
    }
    throw Error{ErrorKind::usage, "no such format"};
}

}  // namespace bitask::cli
