#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/format/pair_format.hpp"
#include "cli/help.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Help texts, man page and completions are written by hand. These tests hold them against what the
// command line really understands, so that neither can change without the other.

using namespace bitask::cli;

namespace {

std::string read_text(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    INFO(path);
    REQUIRE_FALSE(text.empty());
    return text;
}

bool is_part_of_word(char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-' || byte == '_';
}

// As a whole word: "--to" is not mentioned by "--token", nor "-f" by "--force".
bool mentions(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        if ((at == 0 || !is_part_of_word(text[at - 1])) &&
            (end == text.size() || !is_part_of_word(text[end]))) {
            return true;
        }
    }
    return false;
}

// All words that look like a long option.
std::set<std::string> long_options_in(const std::string& text) {
    const std::regex option{"(?:^|[^A-Za-z0-9_-])(--[a-z][a-z0-9-]*)"};
    std::set<std::string> found;
    for (std::sregex_iterator at{text.begin(), text.end(), option}; at != std::sregex_iterator{};
         ++at) {
        found.insert((*at)[1]);
    }
    return found;
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    const std::regex between{separator};
    return {std::sregex_token_iterator{text.begin(), text.end(), between, -1}, {}};
}

const std::vector<CommandNames>& known() {
    static const std::vector<CommandNames> kNames = all_command_names();
    return kNames;
}

std::vector<CommandNames> commands() {
    std::vector<CommandNames> found;
    std::ranges::copy_if(known(), std::back_inserter(found),
                         [](const CommandNames& entry) { return entry.command.has_value(); });
    return found;
}

std::vector<std::string> global_options() {
    const auto entry = std::ranges::find_if(
        known(), [](const CommandNames& candidate) { return !candidate.command; });
    REQUIRE(entry != known().end());
    return entry->options;
}

// What may stand behind this command: its own options, and those of all.
std::set<std::string> options_behind(const CommandNames& command) {
    std::set<std::string> options{command.options.begin(), command.options.end()};
    std::ranges::copy(global_options(), std::inserter(options, options.end()));
    return options;
}

std::set<std::string> all_options() {
    std::set<std::string> options;
    for (const CommandNames& entry : known()) {
        options.insert(entry.options.begin(), entry.options.end());
    }
    return options;
}

std::set<std::string> unknown_among(const std::set<std::string>& options,
                                    const std::set<std::string>& known_options) {
    std::set<std::string> unknown;
    std::ranges::set_difference(options, known_options, std::inserter(unknown, unknown.end()));
    return unknown;
}

const std::set<std::string> kNone;

std::vector<std::string> formats() {
    return split(std::string{format_names()}, ", ");
}

// The man page as it reads: "\-" is a hyphen there.
std::string man_page() {
    return std::regex_replace(read_text(BITASK_DOCS_DIR "/bitask.1"), std::regex{R"(\\-)"}, "-");
}

std::string readme() {
    return read_text(BITASK_DOCS_DIR "/../README.md");
}

// A completion file, and its parts: each names some commands and the options that they share.
struct Completion {
    std::string name;
    std::string text;
    std::vector<std::string> parts;
};

std::vector<Completion> completions() {
    const std::string folder = BITASK_SCRIPTS_DIR "/completions/";
    const std::string arm = R"(;;|;\|| in\n)";  // of a case
    const std::string bash = read_text(folder + "bitask.bash");
    const std::string zsh = read_text(folder + "_bitask");
    // fish names options without their hyphens, "-s f -l force", a few on each line.
    std::string fish;
    for (const std::string& line : split(read_text(folder + "bitask.fish"), "\n")) {
        if (line.starts_with("complete ")) {
            const auto long_named = std::regex_replace(line, std::regex{" -l ([a-z])"}, " --$1");
            fish += std::regex_replace(long_named, std::regex{" -s ([A-Za-z0-9]) "}, " -$1 ");
            fish += '\n';
        }
    }
    return {{"bash", bash, split(bash, arm)},
            {"zsh", zsh, split(zsh, arm)},
            {"fish", fish, split(fish, "\n")}};
}

// Whether one of the parts speaks of both.
bool connects(const std::vector<std::string>& parts, const std::string& command,
              const std::string& option) {
    return std::ranges::any_of(parts, [&](const std::string& part) {
        return mentions(part, command) && mentions(part, option);
    });
}

// The text from the line `heading` up to the next line that begins with `next`.
std::string section(const std::string& text, const std::string& heading, const std::string& next) {
    INFO(heading);
    const auto begin = text.find("\n" + heading + "\n");
    REQUIRE(begin != std::string::npos);
    const auto body = begin + heading.size() + 2;
    return text.substr(body, text.find("\n" + next, body) - body);
}

// The numbers that the pattern's group finds, in order.
std::vector<int> numbers_in(const std::string& text, const std::string& pattern) {
    const std::regex number{pattern};
    std::vector<int> found;
    for (std::sregex_iterator at{text.begin(), text.end(), number}; at != std::sregex_iterator{};
         ++at) {
        found.push_back(std::stoi((*at)[1]));
    }
    return found;
}

std::vector<int> exit_statuses() {
    std::vector<int> statuses;
    for (const ExitCode code : {ExitCode::success, ExitCode::not_found, ExitCode::usage,
                                ExitCode::locked, ExitCode::corrupt, ExitCode::io}) {
        statuses.push_back(static_cast<int>(code));
    }
    return statuses;
}

// Every environment variable that the command line looks up for a put without options.
std::set<std::string> variables() {
    std::set<std::string> names;
    const auto ask = [&names](const char* name) {
        names.insert(name);
        return std::optional<std::string>{};
    };
    CHECK_THROWS_AS(parse_command_line({"put", "key", "value"}, ask), UsageError);
    return names;
}

// "bitask 0.2.0"
std::string name_and_version() {
    const auto none = [](const char*) { return std::optional<std::string>{}; };
    auto text = std::get<TextRequest>(parse_command_line({"--version"}, none).request).text;
    REQUIRE(text.ends_with('\n'));
    text.pop_back();
    return text;
}

}  // namespace

TEST_CASE("the command line knows commands and options to document") {
    CHECK(commands().size() >= 8);
    for (const CommandNames& entry : known()) {
        CHECK_FALSE(entry.options.empty());
    }
}

TEST_CASE("a word is mentioned only where it stands by itself") {
    CHECK(mentions("  -f, --force  be", "--force"));
    CHECK(mentions("--to", "--to"));
    CHECK(mentions("--token --to=K", "--to"));
    CHECK_FALSE(mentions("--token", "--to"));
    CHECK_FALSE(mentions("--no-sync", "--sync"));
    CHECK_FALSE(mentions("--force", "-f"));
    CHECK_FALSE(mentions("input", "put"));
    CHECK(long_options_in("a --to=K, [--from K] ---x --") ==
          std::set<std::string>{"--to", "--from"});
}

TEST_CASE("the general help names every command and every option that stands before one") {
    const std::string help{general_help()};
    for (const CommandNames& command : commands()) {
        for (const std::string& name : command.names) {
            CAPTURE(name);
            CHECK(mentions(help, name));
        }
    }
    for (const std::string& option : global_options()) {
        CAPTURE(option);
        CHECK(mentions(help, option));
    }
}

TEST_CASE("the help of a command tells its names and every option of its own") {
    for (const CommandNames& command : commands()) {
        const std::string help = command_help(*command.command);
        CHECK(help.starts_with("usage: bitask " + command.names.front() + " "));
        CHECK(mentions(help, "example"));
        for (const std::string& word : command.names) {
            CAPTURE(command.names.front(), word);
            CHECK(mentions(help, word));
        }
        for (const std::string& option : command.options) {
            CAPTURE(command.names.front(), option);
            CHECK(mentions(help, option));
        }
    }
}

TEST_CASE("help texts speak of no option that is not understood") {
    const auto global = global_options();
    CHECK(
        unknown_among(long_options_in(std::string{general_help()}), {global.begin(), global.end()})
            .empty());
    for (const CommandNames& command : commands()) {
        CAPTURE(command.names.front());
        CHECK(unknown_among(long_options_in(command_help(*command.command)),
                            options_behind(command)) == kNone);
    }
}

TEST_CASE("the man page tells of every command and option, and of no others") {
    const std::string page = man_page();
    const auto sections = split(page.substr(0, page.find(".SH FORMATS")), "\n\\.S[HS] ");
    for (const std::string& option : global_options()) {
        CAPTURE(option);
        CHECK(mentions(page, option));
    }
    for (const CommandNames& command : commands()) {
        CHECK(page.find("\n.SS " + command.names.front()) != std::string::npos);
        for (const std::string& name : command.names) {
            CAPTURE(name);
            CHECK(connects(sections, command.names.front(), name));
        }
        for (const std::string& option : command.options) {
            CAPTURE(command.names.front(), option);
            CHECK(connects(sections, command.names.front(), option));
        }
    }
    CHECK(unknown_among(long_options_in(page), all_options()) == kNone);
}

TEST_CASE("each completion offers every command, and with it every option of its own") {
    for (const Completion& completion : completions()) {
        for (const CommandNames& command : commands()) {
            for (const std::string& name : command.names) {
                CAPTURE(completion.name, name);
                CHECK(mentions(completion.text, name));
                for (const std::string& option : command.options) {
                    CAPTURE(option);
                    CHECK(connects(completion.parts, name, option));
                }
            }
        }
        for (const std::string& option : global_options()) {
            CAPTURE(completion.name, option);
            CHECK(mentions(completion.text, option));
        }
    }
}

TEST_CASE("no completion offers a command an option that it does not take") {
    for (const Completion& completion : completions()) {
        CAPTURE(completion.name);
        CHECK(unknown_among(long_options_in(completion.text), all_options()) == kNone);
        for (const CommandNames& command : commands()) {
            const auto understood = options_behind(command);
            for (const std::string& part : completion.parts) {
                if (mentions(part, command.names.front())) {
                    CAPTURE(part);
                    CHECK(unknown_among(long_options_in(part), understood) == kNone);
                }
            }
        }
    }
}

TEST_CASE("man page and completions know every format") {
    REQUIRE(formats().size() >= 3);
    const std::string page = section(man_page(), ".SH FORMATS", ".SH ");
    for (const std::string& format : formats()) {
        CAPTURE(format);
        CHECK(page.find("\n.B " + format + "\n") != std::string::npos);
        for (const Completion& completion : completions()) {
            CAPTURE(completion.name);
            CHECK(mentions(completion.text, format));
        }
    }
}

TEST_CASE("every environment variable is explained in the man page and in a help text") {
    REQUIRE(variables().size() >= 3);
    const std::string page = section(man_page(), ".SH ENVIRONMENT", ".SH ");
    const std::string help = std::string{general_help()} + command_help(Command::put);
    for (const std::string& name : variables()) {
        CAPTURE(name);
        CHECK(page.find("\n.B " + name + "\n") != std::string::npos);
        CHECK(mentions(help, name));
    }
}

TEST_CASE("README, man page and help name all exit statuses") {
    CHECK(numbers_in(section(readme(), "## Exit statuses", "## "), R"(\n\| (\d+) \|)") ==
          exit_statuses());
    CHECK(numbers_in(section(man_page(), ".SH EXIT STATUS", ".SH "), R"(\n\.B (\d+)\n)") ==
          exit_statuses());
    CHECK(numbers_in(section(std::string{general_help()}, "exit status:", "example:"),
                     R"((?:^|\n| ) +(\d+) )") == exit_statuses());
}

TEST_CASE("README names every command, the tests and the demo") {
    const std::string text = readme();
    const std::string table = section(text, "## Commands", "## ");
    for (const CommandNames& command : commands()) {
        CAPTURE(command.names.front());
        CHECK(mentions(table, "| `" + command.names.front()));
        for (const std::string& name : command.names) {
            CHECK(mentions(text, name));
        }
    }
    CHECK(mentions(text, "scripts/test"));
    CHECK(mentions(text, "scripts/demo"));
}

TEST_CASE("man page and changelog are those of this version") {
    const std::string name = name_and_version();
    CAPTURE(name);
    CHECK(man_page().find("\"" + name + "\"") != std::string::npos);
    CHECK(read_text(BITASK_DOCS_DIR "/changelog.md")
              .find("\n## [" + name.substr(name.find(' ') + 1) + "]") != std::string::npos);
}
