#pragma once

#include "bitask/limits.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "cli/format/key_lines.hpp"
#include "cli/format/pair_format.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What a user asked for, checked as far as words alone can be.
namespace bitask::cli {

struct WriteChoices {
    std::chrono::milliseconds wait = kDefaultWait;
    bool sync = true;
    std::uint64_t max_log_size = kDefaultMaxLogSize;
};

// Keys as arguments, or one after the other from standard input.
struct KeyChoice {
    std::vector<std::string> keys;
    bool from_stdin = false;
    KeyEnding ending = KeyEnding::newline;
};

struct PutRequest {
    std::string key;
    std::optional<std::string> value;
    std::optional<std::string> file;  // "-" is standard input, as is neither of the two
    WriteChoices write;
};

struct GetRequest {
    KeyChoice keys;
    std::optional<Format> format;  // nothing: bare bytes for one key, tsv for several
};

struct RmRequest {
    KeyChoice keys;
    bool force = false;
    WriteChoices write;
};

struct ScanRequest {
    Range range;
    bool ordered = true;
    bool keys_only = false;
    bool count = false;
    Format format = Format::tsv;
};

struct LoadRequest {
    std::vector<std::string> files;  // none: standard input; so is "-"
    Format format = Format::tsv;
    bool skip_bad = false;
    std::size_t max_memory = kDefaultMaxMemory;
    WriteChoices write;
};

struct CompactRequest {
    CompactionOptions options;
    bool dry_run = false;
    bool json = false;
    WriteChoices write;
};

struct StatRequest {
    bool json = false;
};

struct VerifyRequest {
    bool json = false;
};

// `--help` or `--version`: the text to print.
struct TextRequest {
    std::string text;
};

using Request = std::variant<PutRequest, GetRequest, RmRequest, ScanRequest, LoadRequest,
                             CompactRequest, StatRequest, VerifyRequest, TextRequest>;

struct CommandLine {
    std::string command;  // its first name, "get" for "ask"
    std::string store;    // the folder
    bool quiet = false;
    bool verbose = false;
    Request request;
};

}  // namespace bitask::cli
