#include "bitask/streams.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/format/escapes.hpp"
#include "cli/quantities.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace bitask::cli {
namespace {

constexpr int kStandardInput = 0;

// The value, and the input that it may still have to be read from.
struct Source {
    std::optional<Input> input;
    std::unique_ptr<Value> value;
};

void take_value(const PutRequest& request, const std::string& store, Source& source) {
    if (request.value) {
        source.value = std::make_unique<MemoryValue>(*request.value);
        return;
    }
    if (request.file && *request.file != "-") {
        source.input.emplace(*request.file);
    } else {
        source.input.emplace(kStandardInput, "standard input");
    }
    source.value = receive_value(*source.input, store);
}

}  // namespace

WriterOptions writer_options(const WriteChoices& choices, const Context& context) {
    WriterOptions options;
    options.wait = choices.wait;
    options.max_log_size = choices.max_log_size;
    options.durability = choices.sync ? Durability::synced : Durability::unsynced;
    options.warn = [&context](const std::string& line) { context.messages.problem(line); };
    return options;
}

ExitCode run_put(const PutRequest& request, const Context& context) {
    // All of the value is here before the lock is asked for: others must not wait for our input.
    Source source;
    take_value(request, context.store, source);
    check_value_size(source.value->size());

    Writer writer{context.store, writer_options(request.write, context)};
    writer.put(request.key, *source.value);
    writer.commit();
    context.messages.done(fmt::format("stored {} ({})", in_quotes(request.key),
                                      counted(source.value->size(), "byte")));
    return ExitCode::success;
}

}  // namespace bitask::cli
