#include "bitask/streams.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/format/escapes.hpp"
#include "cli/open_input.hpp"
#include "cli/quantities.hpp"
#include "cli/writing.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace bitask::cli {
namespace {

// The value, and the input that it may still have to be read from.
struct Source {
    std::unique_ptr<Input> input;
    std::unique_ptr<Value> value;
};

void take_value(const PutRequest& request, const std::string& store, Source& source) {
    if (request.value) {
        source.value = std::make_unique<MemoryValue>(*request.value);
        return;
    }
    source.input = open_input(request.file.value_or("-"));
    source.value = receive_value(*source.input, store);
}

}  // namespace

void run_put(const PutRequest& request, const Context& context) {
    // All of the value is here before the lock is asked for: others must not wait for our input.
    Source source;
    take_value(request, context.store, source);
    check_value_size(source.value->size());

    Writer writer{context.store, writer_options(request.write, context)};
    writer.put(request.key, *source.value);
    writer.commit();
    context.messages.done(fmt::format("stored {} ({})", in_quotes(request.key),
                                      counted(source.value->size(), "byte")));
}

}  // namespace bitask::cli
