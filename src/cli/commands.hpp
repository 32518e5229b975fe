#pragma once

#include "bitask/streams.hpp"
#include "cli/exit_code.hpp"
#include "cli/messages.hpp"
#include "cli/requests.hpp"

#include <string>

// The subcommands, each in a file of its own name. They print results to `out` and everything else
// through `messages`, and raise the exit status. An Error that ends the whole command is thrown on
// and becomes a message in run.cpp; the status that was raised before it counts all the same.
namespace bitask::cli {

// Where a command runs.
struct Context {
    std::string store;
    Output& out;
    Messages& messages;
    ExitCode& code;
    bool out_is_terminal = false;
};

void run_put(const PutRequest& request, const Context& context);
void run_get(const GetRequest& request, const Context& context);
void run_rm(const RmRequest& request, const Context& context);
void run_scan(const ScanRequest& request, const Context& context);
void run_load(const LoadRequest& request, const Context& context);
void run_compact(const CompactRequest& request, const Context& context);
void run_stat(const StatRequest& request, const Context& context);
void run_verify(const VerifyRequest& request, const Context& context);

}  // namespace bitask::cli
