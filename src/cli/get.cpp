#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/streams.hpp"
#include "cli/commands.hpp"
#include "cli/format/escapes.hpp"
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
        try {
            answer = reader_.get(key);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::corrupt) {
                throw;
            }
            fail(ExitCode::corrupt, in_quotes(key) + ": " + error.what());
            return;
        }
        if (!answer.value) {
            fail(ExitCode::not_found, "key not found: " + in_quotes(key));
            return;
        }
        print_(key, *answer.value);
        if (!answer.doubt.empty()) {
            fail(ExitCode::corrupt,
                 in_quotes(key) + ": a newer value may have been lost: " + answer.doubt);
        }
    }

private:
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
        KeyLines lines{*input, request.keys.ending};
        std::string key;
        while (lines.next(key)) {
            lookup.look_up(key);
        }
    }
    writer->finish();
}

}  // namespace bitask::cli
