#include "cli/command_line.hpp"

#include "cli/format/escapes.hpp"
#include "cli/help.hpp"
#include "cli/interpret.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ranges>
#include <utility>

namespace bitask::cli {
namespace {

constexpr int kAnyNumber = 1 << 28;

// CLI11 takes a word like "[a,b]" for a list of two, "{}" for none and "++" for the end of a
// command. A NUL byte, which no
// argument can hold, in front of such words keeps it from looking inside.
std::string protected_word(const std::string& word) {
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
        return word + '\0';  // an empty value, for which the next word would be taken
    }
    const bool looked_into =
        word.empty() || word.front() == '[' || word.front() == '{' || word == "++";
    return looked_into ? '\0' + word : word;
}

std::string unprotected(const std::string& word) {
    return word.starts_with('\0') ? word.substr(1) : word;
}

// The commands and options as CLI11 knows them. Help is ours: its texts are written, not derived.
class Grammar {
public:
    Grammar() : app_{"", "bitask"} {
        app_.set_help_flag();
        app_.require_subcommand(0, 1);
        text(app_, "-d,--db", spoken_.store);
        flag(app_, "-q,--quiet", spoken_.quiet);
        flag(app_, "-v,--verbose", spoken_.verbose);
        flag(app_, "-h,--help", spoken_.help);
        flag(app_, "--version", spoken_.version);
        add_put();
        add_get();
        add_rm();
        add_scan();
        add_load();
        add_compact();
        flag(command("stat"), "--json", spoken_.json);
        flag(command("verify"), "--json", spoken_.json);
    }

    // Throws CLI::ParseError.
    void parse(const std::vector<std::string>& words) {
        // What stands behind "--" is none of CLI11's business: it would look for it among the
        // words of the program, not of the command.
        const auto mark = std::ranges::find(words, "--");
        std::vector<std::string> reversed;  // as CLI11 wants them
        std::transform(words.begin(), mark, std::back_inserter(reversed), protected_word);
        std::ranges::reverse(reversed);
        app_.parse(std::move(reversed));
        if (mark != words.end()) {
            spoken_.words.insert(spoken_.words.end(), mark + 1, words.end());
        }
    }

    // What parse() could not place.
    [[nodiscard]] std::string complaint() const {
        const auto extra = app_.remaining(true);
        const std::string word = extra.empty() ? "" : unprotected(extra.front());
        const char* const what = word.starts_with('-')    ? "unknown option "
                                 : command_name().empty() ? "unknown command "
                                                          : "unexpected argument ";
        return what + in_quotes(word);
    }

    [[nodiscard]] const Spoken& spoken() const noexcept { return spoken_; }

    // Empty when none was named.
    [[nodiscard]] std::string command_name() const {
        const auto chosen = app_.get_subcommands();
        return chosen.empty() ? "" : chosen.front()->get_name();
    }

    [[nodiscard]] std::vector<CommandNames> names() {
        std::vector<CommandNames> all{{{}, option_names(app_)}};
        for (const CLI::App* sub : app_.get_subcommands([](CLI::App*) { return true; })) {
            std::vector<std::string> names{sub->get_name()};
            std::ranges::copy(sub->get_aliases(), std::back_inserter(names));
            all.push_back({std::move(names), option_names(*sub)});
        }
        return all;
    }

private:
    CLI::App& command(const std::string& name) {
        CLI::App& sub = *app_.add_subcommand(name);
        sub.set_help_flag();
        sub.fallthrough();  // options of bitask itself may stand behind the command
        return sub;
    }

    static void text(CLI::App& app, const std::string& names, std::optional<std::string>& target) {
        app.add_option_function<std::string>(
               names, [&target](const std::string& word) { target = unprotected(word); })
            ->take_last();
    }

    static void flag(CLI::App& app, const std::string& names, bool& target) {
        app.add_flag_callback(names, [&target] { target = true; });
    }

    void words(CLI::App& app) {
        app.add_option_function<std::vector<std::string>>(
               "words",
               [this](const std::vector<std::string>& words) {
                   std::ranges::transform(words, std::back_inserter(spoken_.words), unprotected);
               })
            ->expected(0, kAnyNumber);
    }

    void key_source(CLI::App& app) {
        words(app);
        text(app, "--key", spoken_.key);
        flag(app, "--stdin", spoken_.from_stdin);
        flag(app, "-0,--null", spoken_.null);
    }

    void write_options(CLI::App& app) {
        text(app, "--wait", spoken_.wait);
        flag(app, "--no-sync", spoken_.no_sync);
        text(app, "--max-log-size", spoken_.max_log_size);
    }

    void add_put() {
        CLI::App& app = command("put");
        words(app);
        text(app, "--key", spoken_.key);
        text(app, "--value", spoken_.value);
        text(app, "--file", spoken_.file);
        write_options(app);
    }

    void add_get() {
        CLI::App& app = command("get");
        app.alias("ask");
        key_source(app);
        text(app, "--format", spoken_.format);
    }

    void add_rm() {
        CLI::App& app = command("rm");
        app.alias("remove");
        key_source(app);
        flag(app, "-f,--force", spoken_.force);
        write_options(app);
    }

    void add_scan() {
        CLI::App& app = command("scan");
        text(app, "--prefix", spoken_.prefix);
        text(app, "--from", spoken_.from);
        text(app, "--to", spoken_.to);
        text(app, "--limit", spoken_.limit);
        flag(app, "--reverse", spoken_.reverse);
        flag(app, "--keys", spoken_.keys);
        flag(app, "--count", spoken_.count);
        text(app, "--format", spoken_.format);
    }

    void add_load() {
        CLI::App& app = command("load");
        words(app);
        text(app, "--format", spoken_.format);
        write_options(app);
    }

    void add_compact() {
        CLI::App& app = command("compact");
        text(app, "--min-garbage", spoken_.min_garbage);
        text(app, "--if-garbage", spoken_.if_garbage);
        flag(app, "--dry-run", spoken_.dry_run);
        flag(app, "--json", spoken_.json);
        write_options(app);
    }

    static std::vector<std::string> option_names(const CLI::App& app) {
        std::vector<std::string> names;
        for (const CLI::Option* option : app.get_options()) {
            for (const std::string& name : option->get_lnames()) {
                names.push_back("--" + name);
            }
            for (const std::string& name : option->get_snames()) {
                names.push_back("-" + name);
            }
        }
        return names;
    }

    CLI::App app_;
    Spoken spoken_;
};

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& words, const Variables& variables) {
    Grammar grammar;
    try {
        grammar.parse(words);
    } catch (const CLI::ExtrasError&) {
        if (!grammar.spoken().help) {  // who asks for help may not know the words yet
            throw UsageError{grammar.command_name(), grammar.complaint()};
        }
    } catch (const CLI::ArgumentMismatch& error) {
        const std::string_view what = error.what();
        throw UsageError{
            grammar.command_name(),
            "option " + std::string{what.substr(0, what.find(':'))} + " needs a value"};
    } catch (const CLI::ParseError& error) {
        throw UsageError{grammar.command_name(), error.what()};
    }
    const Spoken& spoken = grammar.spoken();
    CommandLine line;
    line.command = grammar.command_name();
    line.quiet = spoken.quiet;
    line.verbose = spoken.verbose;
    if (spoken.help) {
        line.request = TextRequest{line.command.empty() ? std::string{general_help()}
                                                        : command_help(line.command)};
        return line;
    }
    if (spoken.version) {
        line.request = TextRequest{"bitask " BITASK_VERSION "\n"};
        return line;
    }
    if (line.command.empty()) {
        throw UsageError{"", "no command given; see bitask --help"};
    }
    line.request = interpret(line.command, spoken, variables);
    line.store = choose_store(line.command, spoken, variables);
    return line;
}

std::vector<CommandNames> all_command_names() {
    return Grammar{}.names();
}

}  // namespace bitask::cli
