#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/streams.hpp"
#include "cli/commands.hpp"
#include "cli/format/escapes.hpp"
#include "cli/key_batches.hpp"
#include "cli/open_input.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace bitask::cli {
namespace {

// Looks up one key after the other and goes on after those that are missing or damaged.
class Lookup {
public:
    using Print = std::function<void(std::string_view key, const Value& value)>;

    Lookup(const Context& context, Print print, ReaderOptions options = {})
        : context_{context}, print_{std::move(print)}, reader_{context.store, std::move(options)} {}

    void look_up(const std::string& key) {
        Answer answer;
        if (succeeds(key, [&] { answer = reader_.get(key); })) {
            tell(key, answer.value.get(), answer.doubt);
        }
    }

    void look_up(const KeyBatch& keys) {
        const auto answers = reader_.get(keys);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (succeeds(keys[i], [&] { answers->next(); })) {
                tell(keys[i], answers->value(), answers->doubt());
            }
        }
    }

private:
    // False for a damaged pair.
    template <typename Action>
    bool succeeds(std::string_view key, Action look) {
        try {
            look();
            return true;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::corrupt) {
                throw;
            }
            fail(ExitCode::corrupt, in_quotes(key) + ": " + error.what());
            return false;
        }
    }

    void tell(std::string_view key, const Value* value, const std::string& doubt) {
        if (value == nullptr) {
            fail(ExitCode::not_found, "key not found: " + in_quotes(key));
            return;
        }
        print_(key, *value);
        if (!doubt.empty()) {
            fail(ExitCode::corrupt,
                 in_quotes(key) + ": a newer value may have been lost: " + doubt);
        }
    }

    void fail(ExitCode code, const std::string& message) {
        raise(context_.code, code);
        context_.messages.problem(message);
    }

    const Context& context_;
    Print print_;
    Reader reader_;
};

Lookup::Print print_bare(const Context& context) {
    return [&context](std::string_view /*key*/, const Value& value) {
        value.copy_to(context.out);
        if (context.out_is_terminal) {
            context.out.write("\n");
        }
    };
}

}  // namespace

void run_get(const GetRequest& request, const Context& context) {
    const bool bare = !request.format && !request.keys.from_stdin && request.keys.keys.size() == 1;
    if (bare) {
        const std::string& key = request.keys.keys.front();
        Lookup lookup{context, print_bare(context), {.only_key = key}};
        lookup.look_up(key);
        return;
    }
    const auto writer = make_pair_writer(request.format.value_or(Format::tsv), context.out);
    Lookup lookup{context, [&writer](std::string_view key, const Value& value) {
                      writer->write_pair(key, value);
                  }};
    for (const std::string& key : request.keys.keys) {
        lookup.look_up(key);
    }
    if (request.keys.from_stdin) {
        const auto input = open_input("-");
        for_each_batch(*input, request.keys.ending, [&](const KeyBatch& keys) {
            lookup.look_up(keys);
            if (input->would_wait()) {
                context.out.flush();  // whoever asks may wait for the answer before he goes on
            }
        });
    }
    writer->finish();
}

}  // namespace bitask::cli
