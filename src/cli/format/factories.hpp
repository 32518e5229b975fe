#pragma once

#include "cli/format/dump_bytes.hpp"
#include "cli/format/pair_format.hpp"

#include <functional>
#include <memory>
#include <string>

// What make_pair_writer() and make_pair_reader() choose from.
namespace bitask::cli {

using Warn = std::function<void(const std::string&)>;

[[nodiscard]] std::unique_ptr<PairWriter> make_tsv_writer(ByteSink& out);
[[nodiscard]] std::unique_ptr<PairWriter> make_json_writer(ByteSink& out);
[[nodiscard]] std::unique_ptr<PairWriter> make_null_writer(ByteSink& out);

[[nodiscard]] std::unique_ptr<PairWriter> make_cdb_writer(ByteSink& out);
[[nodiscard]] std::unique_ptr<PairWriter> make_dump_writer(ByteSink& out, DumpForm form);
[[nodiscard]] std::unique_ptr<PairWriter> make_resp_writer(ByteSink& out);

[[nodiscard]] std::unique_ptr<PairReader> make_tsv_reader(Input& input, Warn warn);
[[nodiscard]] std::unique_ptr<PairReader> make_json_reader(Input& input, Warn warn);
[[nodiscard]] std::unique_ptr<PairReader> make_null_reader(Input& input);
[[nodiscard]] std::unique_ptr<PairReader> make_cdb_reader(Input& input);
[[nodiscard]] std::unique_ptr<PairReader> make_dump_reader(Input& input, Warn warn);

[[noreturn]] void throw_no_keys_alone(Format format);

}  // namespace bitask::cli
