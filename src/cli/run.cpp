#include "cli/run.hpp"

#include "bitask/streams.hpp"
#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/messages.hpp"

#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

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

    ExitCode operator()(const PutRequest& request) const { return run_put(request, context_); }
    ExitCode operator()(const GetRequest& request) const { return run_get(request, context_); }
    ExitCode operator()(const RmRequest& request) const { return run_rm(request, context_); }
    ExitCode operator()(const ScanRequest& request) const { return run_scan(request, context_); }
    ExitCode operator()(const LoadRequest& request) const { return run_load(request, context_); }
    ExitCode operator()(const CompactRequest& request) const {
        return run_compact(request, context_);
    }
    ExitCode operator()(const StatRequest& request) const { return run_stat(request, context_); }
    ExitCode operator()(const VerifyRequest& request) const {
        return run_verify(request, context_);
    }
    ExitCode operator()(const TextRequest& request) const {
        context_.out.write(request.text);
        return ExitCode::success;
    }

private:
    const Context& context_;
};

ExitCode run_words(const std::vector<std::string>& words, Output& out, Messages& messages) {
    const CommandLine line = parse_command_line(words, environment_variable);
    messages.set_command(line.command);
    messages.set_quiet(line.quiet);
    messages.set_verbose(line.verbose);
    const Context context{line.store, out, messages, is_terminal(kStandardOutput)};
    return std::visit(Dispatch{context}, line.request);
}

// The one place where failures become exit statuses.
template <typename Action>
ExitCode guarded(Messages& messages, Action action) {
    try {
        return action();
    } catch (const UsageError& error) {
        messages.set_command(error.command());
        messages.usage(error.what());
        return ExitCode::usage;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::usage) {
            messages.usage(error.what());
        } else {
            messages.problem(error.what());
        }
        return exit_code(error.kind());
    } catch (const ClosedPipe&) {
        return ExitCode::success;  // whoever read has seen enough
    } catch (const std::bad_alloc&) {
        messages.problem("out of memory");
        return ExitCode::io;
    } catch (const std::exception& error) {
        messages.problem(error.what());
        return ExitCode::io;
    }
}

}  // namespace

ExitCode run(int argc, const char* const* argv) {
    Output out{kStandardOutput, "standard output"};
    Messages messages;
    ExitCode code = guarded(messages, [&] {
        return run_words({argv + std::min(argc, 1), argv + argc}, out, messages);
    });
    raise(code, guarded(messages, [&out] {
              out.flush();
              return ExitCode::success;
          }));
    return code;
}

}  // namespace bitask::cli
