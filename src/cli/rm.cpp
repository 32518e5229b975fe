#include "bitask/error.hpp"
#include "bitask/streams.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/format/escapes.hpp"
#include "cli/key_batches.hpp"
#include "cli/open_input.hpp"
#include "cli/quantities.hpp"
#include "cli/writing.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bitask::cli {
namespace {

const ChangeWords kRemoved{"key", "removed"};

class Removal {
public:
    Removal(const RmRequest& request, const Context& context)
        : request_{request}, context_{context}, writer_{context.store, options()} {}

    // The keys of the request, or those in an input.
    void run(Input* input) {
        try {
            if (input == nullptr) {
                for (const std::string& key : request_.keys.keys) {
                    tell(key, writer_.remove(key));
                }
            } else {
                for_each_batch(*input, request_.keys.ending, [this](const KeyBatch& keys) {
                    writer_.remove(keys, [this, &keys](std::size_t index, bool removed) {
                        tell(keys[index], removed);
                    });
                });
            }
            writer_.commit();
        } catch (const Error& error) {
            throw failed_after_changes(error, kRemoved, writer_, removed_);
        }
        context_.messages.done("removed " + counted(removed_, "key"));
    }

private:
    [[nodiscard]] WriterOptions options() const {
        auto options = writer_options(request_.write, context_);
        options.create = false;
        return options;
    }

    void tell(std::string_view key, bool removed) {
        if (removed) {
            ++removed_;
        } else if (!request_.force) {
            context_.messages.problem("key not found: " + in_quotes(key));
            raise(context_.code, ExitCode::not_found);
        }
    }

    const RmRequest& request_;
    const Context& context_;
    Writer writer_;
    std::uint64_t removed_ = 0;
};

}  // namespace

void run_rm(const RmRequest& request, const Context& context) {
    std::unique_ptr<Input> input;
    if (request.keys.from_stdin) {
        input = open_input("-");
        static_cast<void>(input->peek());  // others must not wait for our input to begin
    }
    Removal{request, context}.run(input.get());
}

}  // namespace bitask::cli
