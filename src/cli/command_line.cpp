#include "cli/command_line.hpp"

#include "cli/format/escapes.hpp"
#include "cli/help.hpp"
#include "cli/interpret.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace bitask::cli {
namespace {

// CLI11 takes a word like "[a,b]" for a list of two, "{}" for none and "++" for the end of a
// command; an empty value for a missing one, and "true" for what a flag is anyway. A NUL byte,
// which no argument can hold, in front of such words and values keeps it from looking inside.
std::string protected_word(const std::string& word) {
    const std::size_t equals = word.find('=');
    if (word.starts_with("--") && equals != std::string::npos) {
        return word.substr(0, equals + 1) + '\0' + word.substr(equals + 1);
    }
    const bool looked_into =
        word.empty() || word.front() == '[' || word.front() == '{' || word == "++";
    return looked_into ? '\0' + word : word;
}

std::string unprotected(std::string word) {
    std::erase(word, '\0');
    return word;
}

// CLI11 says "--db: 1 required TEXT missing", or "force was given a disallowed flag override".
std::string mismatch(std::string_view complaint) {
    const std::size_t colon = complaint.find(':');
    if (colon == std::string_view::npos) {
        return "option --" + std::string{complaint.substr(0, complaint.find(' '))} +
               " takes no value";
    }
    return "option " + std::string{complaint.substr(0, colon)} + " needs a value";
}

// "help get" is another way to say "--help get".
std::vector<std::string> with_help_as_option(std::vector<std::string> words) {
    if (!words.empty() && words.front() == "help") {
        words.front() = "--help";
    }
    return words;
}

// Whether a word is, or holds, one of the names of an option, which are as in "-q,--quiet".
bool names_option(std::string_view word, std::string_view names) {
    if (!word.starts_with('-')) {
        return false;
    }
    const bool is_long = word.starts_with("--");
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        if (is_long ? word.starts_with(name)
                    : name.size() == 2 && word.find(name.back()) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

bool names_command(std::string_view word, Command command) {
    return !word.empty() && (word == name_of(command) || word == reference_name_of(command));
}

bool takes_words(Command command) {
    return command == Command::put || command == Command::get || command == Command::rm ||
           command == Command::load;
}

// CLI11's own program adds an option --help; ours is a flag like the others.
class Program : public CLI::App {
public:
    Program() : App{"", "bitask", nullptr} {}
};

// The commands and options as CLI11 knows them, or those alone that words name: to describe all of
// them takes longer than to get a value. Help is ours: its texts are written, not derived.
class Grammar {
public:
    // `words` are null for all commands and options, else they must outlive the constructor.
    explicit Grammar(const std::vector<std::string>* words) : words_{words} {
        app_.require_subcommand(0, 1);
        app_.allow_extras();
        text(app_, "-d,--db", spoken_.store);
        flag(app_, "-q,--quiet", spoken_.quiet);
        flag(app_, "-v,--verbose", spoken_.verbose);
        flag(app_, "-h,--help", spoken_.help);
        flag(app_, "-V,--version", spoken_.version);
        for (const Command command : kAllCommands) {
            if (any_word(
                    [command](const std::string& word) { return names_command(word, command); })) {
                add(command);
            }
        }
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
        take(app_.remaining());
        if (mark != words.end()) {
            spoken_.words.insert(spoken_.words.end(), mark + 1, words.end());
        }
    }

    // Of what parse() could not place.
    [[nodiscard]] std::string complaint() const {
        const std::string word = unprotected(misplaced_);
        if (word.starts_with("-=")) {
            return "a flag takes no value: " + in_quotes(word.substr(1));  // "-q=no"
        }
        const char* const what = word.starts_with('-') ? "unknown option "
                                 : !command()          ? "unknown command "
                                                       : "unexpected argument ";
        return what + in_quotes(word);
    }

    [[nodiscard]] const Spoken& spoken() const noexcept { return spoken_; }

    // Nothing when none was named.
    [[nodiscard]] std::optional<Command> command() const {
        for (const CLI::App* chosen : app_.get_subcommands()) {
            for (const Command command : kAllCommands) {
                if (chosen->get_name() == name_of(command)) {
                    return command;
                }
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::string command_name() const {
        const auto chosen = command();
        return chosen ? std::string{name_of(*chosen)} : "";
    }

    [[nodiscard]] std::vector<CommandNames> names() {
        std::vector<CommandNames> all{{{}, {}, option_names(app_)}};
        for (const Command command : kAllCommands) {
            const CLI::App& sub = *app_.get_subcommand(std::string{name_of(command)});
            std::vector<std::string> names{sub.get_name()};
            std::ranges::copy(sub.get_aliases(), std::back_inserter(names));
            all.push_back({command, std::move(names), option_names(sub)});
        }
        return all;
    }

private:
    void add(Command command) {
        CLI::App& app = *app_.add_subcommand(std::string{name_of(command)});
        app.fallthrough();  // options of bitask itself may stand behind the command
        app.preparse_callback([this](std::size_t) { before_command_ = app_.remaining_size(); });
        if (const auto name = reference_name_of(command); !name.empty()) {
            app.alias(std::string{name});
        }
        switch (command) {
            case Command::put: add_put_options(app); break;
            case Command::get: add_get_options(app); break;
            case Command::rm: add_rm_options(app); break;
            case Command::scan: add_scan_options(app); break;
            case Command::load: add_load_options(app); break;
            case Command::compact: add_compact_options(app); break;
            case Command::stat:
            case Command::verify: flag(app, "--json", spoken_.json); break;
        }
    }

    template <typename Test>
    [[nodiscard]] bool any_word(Test test) const {
        return words_ == nullptr || std::ranges::any_of(*words_, test);
    }

    [[nodiscard]] bool any_word_names(std::string_view names) const {
        return any_word([names](const std::string& word) { return names_option(word, names); });
    }

    void text(CLI::App& app, const std::string& names, std::optional<std::string>& target) const {
        if (!any_word_names(names)) {
            return;
        }
        app.add_option_function<std::string>(
               names, [&target](const std::string& word) { target = unprotected(word); })
            ->take_last();
    }

    void flag(CLI::App& app, const std::string& names, bool& target) const {
        if (!any_word_names(names)) {
            return;
        }
        app.add_flag_callback(names, [&target] { target = true; })->disable_flag_override();
    }

    // What no option has claimed. As an option of its own, that takes any number of words, it would
    // be told from numbers ("-5") by CLI11, and cost a get more than all the rest of its words.
    void take(const std::vector<std::string>& rest) {
        const auto chosen = command();
        for (std::size_t i = 0; i < rest.size(); ++i) {
            const bool is_option = rest[i].size() > 1 && rest[i].starts_with('-');
            if (is_option || i < before_command_ || !chosen || !takes_words(*chosen)) {
                misplaced_ = rest[i];
                throw CLI::ExtrasError{rest};
            }
            spoken_.words.push_back(unprotected(rest[i]));
        }
    }

    // Each time that it is given counts.
    void named_key(CLI::App& app) {
        if (!any_word_names("--key")) {
            return;
        }
        app.add_option_function<std::string>(
               "--key",
               [this](const std::string& word) { spoken_.named_keys.push_back(unprotected(word)); })
            ->take_last()
            ->trigger_on_parse();
    }

    void key_source(CLI::App& app) {
        named_key(app);
        flag(app, "--stdin", spoken_.from_stdin);
        flag(app, "-0,--null", spoken_.null);
    }

    void write_options(CLI::App& app) {
        text(app, "--wait", spoken_.wait);
        flag(app, "--no-sync", spoken_.no_sync);
        text(app, "--max-log-size", spoken_.max_log_size);
    }

    void add_put_options(CLI::App& app) {
        named_key(app);
        text(app, "--value", spoken_.value);
        text(app, "--file", spoken_.file);
        write_options(app);
    }

    void add_get_options(CLI::App& app) {
        key_source(app);
        text(app, "--format", spoken_.format);
    }

    void add_rm_options(CLI::App& app) {
        key_source(app);
        flag(app, "-f,--force", spoken_.force);
        write_options(app);
    }

    void add_scan_options(CLI::App& app) {
        text(app, "--prefix", spoken_.prefix);
        text(app, "--from", spoken_.from);
        text(app, "--to", spoken_.to);
        text(app, "--limit", spoken_.limit);
        flag(app, "--reverse", spoken_.reverse);
        flag(app, "--unordered", spoken_.unordered);
        flag(app, "--keys", spoken_.keys);
        flag(app, "--count", spoken_.count);
        text(app, "--format", spoken_.format);
    }

    void add_load_options(CLI::App& app) {
        text(app, "--format", spoken_.format);
        flag(app, "--skip-bad", spoken_.skip_bad);
        text(app, "--memory", spoken_.memory);
        write_options(app);
    }

    void add_compact_options(CLI::App& app) {
        text(app, "--min-garbage", spoken_.min_garbage);
        text(app, "--if-garbage", spoken_.if_garbage);
        text(app, "--rate", spoken_.rate);
        flag(app, "--all", spoken_.all);
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

    const std::vector<std::string>* words_;
    Program app_;
    Spoken spoken_;
    std::size_t before_command_ = 0;  // so many words that no option has claimed
    std::string misplaced_;
};

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& words, const Variables& variables) {
    const std::vector<std::string> all_words = with_help_as_option(words);
    Grammar grammar{&all_words};
    try {
        grammar.parse(all_words);
    } catch (const CLI::ExtrasError&) {
        if (!grammar.spoken().help) {  // who asks for help may not know the words yet
            throw UsageError{grammar.command_name(), grammar.complaint()};
        }
    } catch (const CLI::ArgumentMismatch& error) {
        throw UsageError{grammar.command_name(), mismatch(error.what())};
    } catch (const CLI::ParseError& error) {
        throw UsageError{grammar.command_name(), error.what()};
    }
    const Spoken& spoken = grammar.spoken();
    CommandLine line;
    line.command = grammar.command_name();
    line.quiet = spoken.quiet;
    line.verbose = spoken.verbose;
    const auto command = grammar.command();
    if (spoken.help) {
        line.request = TextRequest{command ? command_help(*command) : std::string{general_help()}};
        return line;
    }
    if (spoken.version) {
        line.request = TextRequest{"bitask " BITASK_VERSION "\n"};
        return line;
    }
    if (!command) {
        throw UsageError{"", "no command given; see bitask --help"};
    }
    line.request = interpret(*command, spoken, variables);
    line.store = choose_store(*command, spoken, variables);
    return line;
}

std::vector<CommandNames> all_command_names() {
    return Grammar{nullptr}.names();
}

}  // namespace bitask::cli
