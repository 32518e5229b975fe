#include "cli/run.hpp"

#include "bitask/streams.hpp"
#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/messages.hpp"
#include "cli/stop_signals.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bitask::cli {
namespace {

constexpr int kStandardOutput = 1;

std::optional<std::string> environment_variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

// Chooses the command for a request.
class Dispatch {
public:
    explicit Dispatch(const Context& context) : context_{context} {}

    void operator()(const PutRequest& request) const { run_put(request, context_); }
    void operator()(const GetRequest& request) const { run_get(request, context_); }
    void operator()(const RmRequest& request) const { run_rm(request, context_); }
    void operator()(const ScanRequest& request) const { run_scan(request, context_); }
    void operator()(const LoadRequest& request) const { run_load(request, context_); }
    void operator()(const CompactRequest& request) const { run_compact(request, context_); }
    void operator()(const StatRequest& request) const { run_stat(request, context_); }
    void operator()(const VerifyRequest& request) const { run_verify(request, context_); }
    void operator()(const TextRequest& request) const { context_.out.write(request.text); }

private:
    const Context& context_;
};

// A command that writes outlives whoever reads its messages: it ends with its work done.
template <typename Choice>
void outlive_readers(const Choice& request) {
    if constexpr (requires { request.write; }) {
        static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    }
}

void run_words(const std::vector<std::string>& words, Output& out, Messages& messages,
               ExitCode& code) {
    const CommandLine line = parse_command_line(words, environment_variable);
    messages.set_command(line.command);
    messages.set_quiet(line.quiet);
    messages.set_verbose(line.verbose);
    std::visit([](const auto& request) { outlive_readers(request); }, line.request);
    const Context context{line.store, out, messages, code, is_terminal(kStandardOutput)};
    std::visit(Dispatch{context}, line.request);
}

// The one place where failures become exit statuses, beside those that were raised before them.
template <typename Action>
void guarded(ExitCode& code, Messages& messages, Action action) {
    try {
        action();
    } catch (const UsageError& error) {
        raise(code, ExitCode::usage);
        messages.set_command(error.command());
        messages.usage(error.what());
    } catch (const Error& error) {
        raise(code, exit_code(error.kind()));
        if (error.kind() == ErrorKind::usage) {
            messages.usage(error.what());
        } else {
            messages.problem(error.what());
        }
    } catch (const ClosedPipe&) {
        // Whoever read has seen enough.
    } catch (const std::bad_alloc&) {
        raise(code, ExitCode::io);
        messages.problem("out of memory");
    } catch (const std::exception& error) {
        raise(code, ExitCode::io);
        messages.problem(error.what());
    }
}

}  // namespace

ExitCode run(int argc, const char* const* argv) {
    make_file_size_limit_an_error();
    Output out{kStandardOutput, "standard output"};
    Messages messages;
    ExitCode code = ExitCode::success;
    guarded(code, messages, [&] {
        run_words({argv + std::min(argc, 1), argv + argc}, out, messages, code);
    });
    guarded(code, messages, [&out] { out.flush(); });
    StopSignals::die_by_it();
    return code;
}

}  // namespace bitask::cli
