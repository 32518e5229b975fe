#pragma once

#include "bitask/bytes.hpp"
#include "cli/exit_code.hpp"
#include "cli/messages.hpp"
#include "cli/requests.hpp"

#include <algorithm>
#include <string>

// The subcommands, each in a file of its own name. They print results to `out` and everything else
// through `messages`, and return the exit status. An Error that ends the whole command is thrown
// on and becomes a message and an exit status in run.cpp.
namespace bitask::cli {

// Where a command runs.
struct Context {
    std::string store;
    ByteSink& out;
    const Messages& messages;
    bool out_is_terminal = false;
};

ExitCode run_put(const PutRequest& request, const Context& context);
ExitCode run_get(const GetRequest& request, const Context& context);
ExitCode run_rm(const RmRequest& request, const Context& context);
ExitCode run_scan(const ScanRequest& request, const Context& context);
ExitCode run_load(const LoadRequest& request, const Context& context);
ExitCode run_compact(const CompactRequest& request, const Context& context);
ExitCode run_stat(const StatRequest& request, const Context& context);
ExitCode run_verify(const VerifyRequest& request, const Context& context);

// The options that these choices mean for the store.
[[nodiscard]] WriterOptions writer_options(const WriteChoices& choices, const Context& context);

// Where several statuses apply, the highest counts.
inline void raise(ExitCode& code, ExitCode other) {
    code = std::max(code, other);
}

}  // namespace bitask::cli
