#pragma once

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "cli/requests.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bitask::cli {

// Everything that options can say, as it was said. Each command offers the part that it knows.
struct Spoken {
    std::vector<std::string> words;
    std::vector<std::string> named_keys;  // by --key
    std::optional<std::string> store, value, file, format, prefix, from, to, limit;
    std::optional<std::string> wait, max_log_size, memory, min_garbage, if_garbage, rate;
    bool quiet = false, verbose = false, help = false, version = false;
    bool from_stdin = false, null = false, force = false;
    bool reverse = false, unordered = false, keys = false, count = false;
    bool no_sync = false, dry_run = false, all = false, json = false, skip_bad = false;
};

// What was said to a command as its request. Throws UsageError.
[[nodiscard]] Request interpret(Command command, const Spoken& spoken, const Variables& variables);

// The folder of the store that was named, or that the environment names. Throws UsageError.
[[nodiscard]] std::string choose_store(Command command, const Spoken& spoken,
                                       const Variables& variables);

}  // namespace bitask::cli
