#include "bitask/error.hpp"
#include "bitask/streams.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/format/escapes.hpp"
#include "cli/quantities.hpp"

namespace bitask::cli {
namespace {

constexpr int kStandardInput = 0;

class Removal {
public:
    Removal(const RmRequest& request, const Context& context)
        : request_{request}, context_{context}, writer_{context.store, options()} {}

    void remove(const std::string& key) {
        if (writer_.remove(key)) {
            ++removed_;
        } else if (!request_.force) {
            context_.messages.problem("key not found: " + in_quotes(key));
            raise(code_, ExitCode::not_found);
        }
    }

    void remove_lines(Input& input) {
        KeyLines lines{input, request_.keys.ending};
        std::string key;
        while (lines.next(key)) {
            remove(key);
        }
    }

    ExitCode finish() {
        writer_.commit();
        context_.messages.done("removed " + counted(removed_, "key"));
        return code_;
    }

private:
    [[nodiscard]] WriterOptions options() const {
        auto options = writer_options(request_.write, context_);
        options.create = false;
        return options;
    }

    const RmRequest& request_;
    const Context& context_;
    Writer writer_;
    std::uint64_t removed_ = 0;
    ExitCode code_ = ExitCode::success;
};

}  // namespace

ExitCode run_rm(const RmRequest& request, const Context& context) {
    if (!request.keys.from_stdin) {
        Removal removal{request, context};
        for (const std::string& key : request.keys.keys) {
            removal.remove(key);
        }
        return removal.finish();
    }
    Input input{kStandardInput, "standard input"};
    static_cast<void>(input.peek());  // others must not wait for our input to begin
    Removal removal{request, context};
    try {
        removal.remove_lines(input);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::usage) {
            removal.finish();  // what stood before the bad line is removed
        }
        throw;
    }
    return removal.finish();
}

}  // namespace bitask::cli
