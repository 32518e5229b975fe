#include "cli/interpret.hpp"

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "cli/format/escapes.hpp"
#include "cli/quantities.hpp"

#include <utility>

namespace bitask::cli {
namespace {

// Turns what was said to one command into its request.
class Interpreter {
public:
    Interpreter(Command command, const Spoken& spoken, const Variables& variables)
        : command_{command}, spoken_{spoken}, variables_{variables} {}

    [[nodiscard]] std::string store() const {
        if (spoken_.store) {
            if (spoken_.store->empty()) {
                fail("--db needs the name of a folder");
            }
            return *spoken_.store;
        }
        if (auto path = variable("BITASK_PATH")) {
            return *path;
        }
        fail("no store named: use --db DIR or set BITASK_PATH");
    }

    [[nodiscard]] Request request() const {
        switch (command_) {
            case Command::put: return put();
            case Command::get: return get();
            case Command::rm: return rm();
            case Command::scan: return scan();
            case Command::load: return load();
            case Command::compact: return compact();
            case Command::stat: return stat();
            case Command::verify: return verify();
        }
        fail("no such command");
    }

private:
    [[noreturn]] void fail(const std::string& message) const {
        throw UsageError{std::string{name_of(command_)}, message};
    }

    // For commands that take options only.
    void refuse_words() const {
        if (!spoken_.words.empty()) {
            fail("unexpected argument " + in_quotes(spoken_.words.front()));
        }
    }

    // An empty variable counts as not set.
    [[nodiscard]] std::optional<std::string> variable(const char* name) const {
        auto value = variables_(name);
        return value && !value->empty() ? value : std::nullopt;
    }

    [[nodiscard]] Request put() const {
        auto words = spoken_.words;
        PutRequest request;
        if (spoken_.named_keys.size() > 1) {
            fail("more than one --key");
        }
        if (!spoken_.named_keys.empty()) {
            request.key = spoken_.named_keys.front();
        } else if (words.empty()) {
            fail("no key given");
        } else {
            request.key = words.front();
            words.erase(words.begin());
        }
        request.value = spoken_.value;
        if (!words.empty() && !request.value) {
            request.value = words.front();
            words.erase(words.begin());
        }
        if (!words.empty()) {
            fail("too many arguments");
        }
        request.file = spoken_.file;
        if (request.value && request.file) {
            fail("a value and --file exclude each other");
        }
        check([&] { check_key(request.key); });
        if (request.value) {
            check([&] { check_value_size(request.value->size()); });
        }
        request.write = write_choices();
        return request;
    }

    [[nodiscard]] KeyChoice keys() const {
        KeyChoice choice{.keys = spoken_.named_keys,
                         .from_stdin = spoken_.from_stdin,
                         .ending = spoken_.null ? KeyEnding::nul : KeyEnding::newline};
        choice.keys.insert(choice.keys.end(), spoken_.words.begin(), spoken_.words.end());
        if (spoken_.null && !spoken_.from_stdin) {
            fail("--null goes with --stdin");
        }
        if (choice.from_stdin && !choice.keys.empty()) {
            fail("keys and --stdin exclude each other");
        }
        if (!choice.from_stdin && choice.keys.empty()) {
            fail("no key given");
        }
        for (const std::string& key : choice.keys) {
            if (key.empty()) {
                fail("empty key");
            }
        }
        return choice;
    }

    [[nodiscard]] Request get() const { return GetRequest{.keys = keys(), .format = format()}; }

    [[nodiscard]] Request rm() const {
        return RmRequest{.keys = keys(), .force = spoken_.force, .write = write_choices()};
    }

    [[nodiscard]] Request load() const {
        const Format form = format().value_or(Format::tsv);
        if (!can_be_read(form)) {
            fail("the " + std::string{format_name(form)} + " format can only be printed");
        }
        LoadRequest request{.files = spoken_.words,
                            .format = form,
                            .skip_bad = spoken_.skip_bad,
                            .max_memory = kDefaultMaxMemory,
                            .write = write_choices()};
        if (spoken_.memory) {
            request.max_memory = number("--memory", *spoken_.memory, parse_size,
                                        "a size in bytes, or with K, M or G");
        }
        return request;
    }

    [[nodiscard]] Request stat() const {
        refuse_words();
        return StatRequest{spoken_.json};
    }

    [[nodiscard]] Request verify() const {
        refuse_words();
        return VerifyRequest{spoken_.json};
    }

    [[nodiscard]] Request scan() const {
        refuse_words();
        ScanRequest request;
        request.range.prefix = spoken_.prefix.value_or("");
        request.range.from = spoken_.from.value_or("");
        request.range.to = spoken_.to;
        request.range.reverse = spoken_.reverse;
        if (spoken_.limit) {
            request.range.limit = number("--limit", *spoken_.limit, parse_count, "a whole number");
        }
        if (spoken_.reverse && spoken_.unordered) {
            fail("--reverse and --unordered exclude each other");
        }
        request.ordered = !spoken_.unordered;
        if (spoken_.keys && spoken_.count) {
            fail("--keys and --count exclude each other");
        }
        request.keys_only = spoken_.keys;
        request.count = spoken_.count;
        request.format = format().value_or(Format::tsv);
        if (request.keys_only && !has_keys_alone(request.format)) {
            fail("the " + std::string{format_name(request.format)} +
                 " format has no place for keys without values");
        }
        return request;
    }

    [[nodiscard]] Request compact() const {
        refuse_words();
        CompactRequest request;
        request.options.min_garbage_percent = spoken_.min_garbage
                                                  ? percent("--min-garbage", *spoken_.min_garbage)
                                                  : kDefaultMinGarbage;
        if (spoken_.if_garbage) {
            request.options.if_garbage_percent = percent("--if-garbage", *spoken_.if_garbage);
        }
        if (spoken_.rate) {
            request.options.max_rate = number("--rate", *spoken_.rate, parse_rate,
                                              "a number of megabytes a second above 0");
        }
        if (spoken_.all && spoken_.min_garbage) {
            fail("--all and --min-garbage exclude each other");
        }
        request.options.all = spoken_.all;
        request.dry_run = spoken_.dry_run;
        request.json = spoken_.json;
        request.write = write_choices();
        return request;
    }

    [[nodiscard]] std::optional<Format> format() const {
        if (!spoken_.format) {
            return std::nullopt;
        }
        const auto known = format_from_name(*spoken_.format);
        if (!known) {
            fail("unknown format " + in_quotes(*spoken_.format) +
                 " (known: " + std::string{format_names()} + ")");
        }
        return known;
    }

    [[nodiscard]] WriteChoices write_choices() const {
        WriteChoices choices;
        choices.sync = !spoken_.no_sync;
        if (const auto [name, text] = option_or_variable("--wait", spoken_.wait, "BITASK_WAIT");
            text) {
            choices.wait = number(name, *text, parse_seconds, "seconds, 0 or more");
        }
        if (const auto [name, text] =
                option_or_variable("--max-log-size", spoken_.max_log_size, "BITASK_MAX_LOG_SIZE");
            text) {
            choices.max_log_size =
                number(name, *text, parse_size, "a size in bytes, or with K, M or G");
        }
        return choices;
    }

    [[nodiscard]] std::pair<const char*, std::optional<std::string>> option_or_variable(
        const char* option, const std::optional<std::string>& spoken, const char* name) const {
        if (spoken) {
            return {option, spoken};
        }
        return {name, variable(name)};
    }

    [[nodiscard]] double percent(const char* option, const std::string& text) const {
        return number(option, text, parse_percent, "a percentage, 0 to 100");
    }

    template <typename Number>
    [[nodiscard]] Number number(const char* option, const std::string& text,
                                std::optional<Number> (*parse)(std::string_view),
                                const char* wanted) const {
        const auto parsed = parse(text);
        if (!parsed) {
            fail(std::string{option} + ": " + in_quotes(text) + " is not " + wanted);
        }
        return *parsed;
    }

    // Gives a complaint of the store the name of the command.
    template <typename Check>
    void check(Check rule) const {
        try {
            rule();
        } catch (const Error& error) {
            fail(error.what());
        }
    }

    Command command_;
    const Spoken& spoken_;
    const Variables& variables_;
};

}  // namespace

Request interpret(Command command, const Spoken& spoken, const Variables& variables) {
    return Interpreter{command, spoken, variables}.request();
}

std::string choose_store(Command command, const Spoken& spoken, const Variables& variables) {
    return Interpreter{command, spoken, variables}.store();
}

}  // namespace bitask::cli
