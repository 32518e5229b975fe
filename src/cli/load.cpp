#include "bitask/error.hpp"
#include "bitask/streams.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/progress_bar.hpp"
#include "cli/quantities.hpp"

#include <fmt/format.h>

#include <optional>

namespace bitask::cli {
namespace {

constexpr int kStandardInput = 0;

void open_input(std::optional<Input>& input, const std::string& file) {
    if (file == "-") {
        input.emplace(kStandardInput, "standard input");
    } else {
        input.emplace(file);
    }
}

class Load {
public:
    Load(const LoadRequest& request, const Context& context)
        : request_{request},
          context_{context},
          writer_{context.store, writer_options(request.write, context)},
          value_{context.store},
          bar_{"load", context.messages} {}

    void load(Input& input) {
        const auto pairs =
            make_pair_reader(request_.format, input,
                             [this](const std::string& line) { context_.messages.problem(line); });
        while (pairs->next(key_, value_)) {
            put();
        }
    }

    void finish() {
        writer_.commit();
        context_.messages.done("stored " + counted(stored_, "pair"));
    }

    // Ends the work after a failure, and says how much of it is there.
    [[nodiscard]] std::string outcome(const Error& error) {
        try {
            writer_.commit();
            return fmt::format("{}; the {} before it stored", error.what(), are(stored_));
        } catch (const Error&) {
            // It is the store that fails; what it has got already is found out below.
        }
        try {
            return fmt::format("{}; the first {} stored", error.what(), are(writer_.salvage()));
        } catch (const Error&) {
            return fmt::format("{}; nobody can tell how many of the {} pairs before it are stored",
                               error.what(), stored_);
        }
    }

private:
    static std::string are(std::uint64_t pairs) {
        return counted(pairs, "pair") + (pairs == 1 ? " is" : " are");
    }

    void put() {
        writer_.put(key_, value_.value());
        ++stored_;
        done_bytes_ += key_.size() + value_.value().size();
        bar_.advance(done_bytes_, 0);
    }

    const LoadRequest& request_;
    const Context& context_;
    Writer writer_;
    std::string key_;
    ValueBuilder value_;
    ProgressBar bar_;
    std::uint64_t stored_ = 0;
    std::uint64_t done_bytes_ = 0;
};

}  // namespace

ExitCode run_load(const LoadRequest& request, const Context& context) {
    const std::vector<std::string> files =
        request.files.empty() ? std::vector<std::string>{"-"} : request.files;
    std::optional<Input> input;
    open_input(input, files.front());
    static_cast<void>(input->peek());  // others must not wait for our input to begin
    Load load{request, context};
    try {
        load.load(*input);
        for (auto file = files.begin() + 1; file != files.end(); ++file) {
            open_input(input, *file);
            load.load(*input);
        }
        load.finish();
    } catch (const Error& error) {
        throw Error{error.kind(), load.outcome(error)};
    }
    return ExitCode::success;
}

}  // namespace bitask::cli
