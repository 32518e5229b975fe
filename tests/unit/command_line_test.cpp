#include "cli/command_line.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bitask::cli {
namespace {

using Catch::Matchers::ContainsSubstring;
using Words = std::vector<std::string>;
using Settings = std::map<std::string, std::string>;
using namespace std::chrono_literals;

Variables variables(const Settings& settings) {
    return [settings](const char* name) -> std::optional<std::string> {
        const auto found = settings.find(name);
        return found == settings.end() ? std::nullopt : std::optional{found->second};
    };
}

CommandLine parse(const Words& words, const Settings& settings = {{"BITASK_PATH", "/env"}}) {
    return parse_command_line(words, variables(settings));
}

template <class Wanted>
Wanted request(const Words& words, const Settings& settings = {{"BITASK_PATH", "/env"}}) {
    return std::get<Wanted>(parse(words, settings).request);
}

// What is wrong with these words, and with which command.
struct Complaint {
    std::string command;
    std::string message;
};

Complaint complaint(const Words& words, const Settings& settings = {{"BITASK_PATH", "/env"}}) {
    try {
        (void)parse(words, settings);
    } catch (const UsageError& error) {
        CHECK(std::string{error.what()}.find('\n') == std::string::npos);
        CHECK_FALSE(std::string{error.what()}.empty());
        return {error.command(), error.what()};
    }
    return {"(none)", "(none)"};
}

// Words that libraries for command lines like to take apart.
const Words kAwkward{"[a,b]", "[]",  "[",   "]",    "{}",   "{a}",  "",     "stat", "get",
                     "put",   "ask", "++",  "%%",   "a,b",  "a=b",  "a b",  "=",    "'a'",
                     "\"a\"", "#a",  "@a",  "/h",   "\\n",  "a\nb", "!",    "!a",   "~",
                     "-",     "1",   "1.5", "true", "help", "\xff", "{{}}", "[[]]", "[a",
                     "a]",    "`a`", "(a)", ":",    "%%a",  "\t",   " "};

TEST_CASE("the store is the option's, else the variable's") {
    CHECK(parse({"stat", "--db", "/opt"}).store == "/opt");
    CHECK(parse({"stat"}).store == "/env");
    CHECK(parse({"stat", "--db", "/opt"}, {}).store == "/opt");
    CHECK(parse({"stat", "--db", "[a,b]"}, {}).store == "[a,b]");
}

TEST_CASE("with no store named, both ways to name one are told") {
    for (const Settings& settings : {Settings{}, Settings{{"BITASK_PATH", ""}}}) {
        const auto [command, message] = complaint({"get", "k"}, settings);
        CHECK(command == "get");
        CHECK_THAT(message, ContainsSubstring("--db") && ContainsSubstring("BITASK_PATH"));
    }
    CHECK_THAT(complaint({"stat", "--db", ""}).message, ContainsSubstring("--db"));
    CHECK_THAT(complaint({"stat", "--db="}).message, ContainsSubstring("--db"));
}

TEST_CASE("options of bitask itself stand before or behind the command, in every spelling") {
    for (const Words& words :
         {Words{"-d", "/s", "-q", "-v", "get", "k"}, Words{"get", "k", "-d", "/s", "-q", "-v"},
          Words{"get", "-d", "/s", "-q", "-v", "k"}, Words{"-q", "get", "-v", "k", "--db", "/s"},
          Words{"--db=/s", "--quiet", "--verbose", "get", "k"}, Words{"-qv", "-d/s", "get", "k"},
          Words{"get", "-vq", "--db=/s", "k"}, Words{"get", "k", "-qvd", "/s"}}) {
        CAPTURE(words);
        const CommandLine line = parse(words, {});
        CHECK(line.command == "get");
        CHECK(line.store == "/s");
        CHECK(line.quiet);
        CHECK(line.verbose);
        CHECK(std::get<GetRequest>(line.request).keys.keys == Words{"k"});
    }
    CHECK_FALSE(parse({"get", "k"}).quiet);
    CHECK_FALSE(parse({"get", "k"}).verbose);
}

TEST_CASE("the last of several values of an option counts") {
    CHECK(parse({"--db", "/a", "stat", "--db", "/b"}).store == "/b");
    CHECK(request<ScanRequest>({"scan", "--prefix", "a", "--prefix=b"}).range.prefix == "b");
}

TEST_CASE("put takes key and value as arguments, as options, or mixed") {
    for (const Words& words : {Words{"put", "k", "v"}, Words{"put", "--key", "k", "--value", "v"},
                               Words{"put", "--key=k", "v"}, Words{"put", "k", "--value=v"},
                               Words{"put", "--value", "v", "k"}, Words{"put", "--", "k", "v"},
                               Words{"put", "k", "--", "v"}}) {
        CAPTURE(words);
        const auto put = request<PutRequest>(words);
        CHECK(put.key == "k");
        CHECK(put.value == "v");
        CHECK_FALSE(put.file);
    }
}

TEST_CASE("put without a value leaves it to standard input, or to the file that is named") {
    const auto from_stdin = request<PutRequest>({"put", "k"});
    CHECK_FALSE(from_stdin.value);
    CHECK_FALSE(from_stdin.file);
    CHECK(request<PutRequest>({"put", "k", "--file", "f"}).file == "f");
    CHECK(request<PutRequest>({"put", "--file=f", "--key", "k"}).file == "f");
    CHECK(request<PutRequest>({"put", "k", "--file", "-"}).file == "-");
    CHECK(request<PutRequest>({"put", "k", "--file=-"}).file == "-");
}

TEST_CASE("a word is taken as it is, as an argument, wherever it stands") {
    for (const std::string& word : kAwkward) {
        CAPTURE(word);
        if (!word.empty()) {
            CHECK(request<PutRequest>({"put", word, "v"}).key == word);
            CHECK(request<PutRequest>({"put", "k", word}).value == word);
            CHECK(request<GetRequest>({"get", word}).keys.keys == Words{word});
            CHECK(request<GetRequest>({"get", "x", word, "y"}).keys.keys == Words{"x", word, "y"});
            CHECK(request<RmRequest>({"rm", word, word}).keys.keys == Words{word, word});
            CHECK(request<GetRequest>({"get", "--", word}).keys.keys == Words{word});
        }
        CHECK(request<LoadRequest>({"load", word}).files == Words{word});
    }
}

TEST_CASE("a word is taken as it is, as the value of an option, in both spellings") {
    for (const std::string& word : kAwkward) {
        CAPTURE(word);
        CHECK(request<ScanRequest>({"scan", "--prefix", word, "--keys"}).range.prefix == word);
        CHECK(request<ScanRequest>({"scan", "--prefix=" + word, "--keys"}).range.prefix == word);
        CHECK(request<ScanRequest>({"scan", "--to=" + word}).range.to == word);
        if (!word.empty()) {
            CHECK(request<PutRequest>({"put", "k", "--value", word}).value == word);
            CHECK(request<PutRequest>({"put", "k", "--value=" + word}).value == word);
            CHECK(request<GetRequest>({"get", "--key=" + word}).keys.keys == Words{word});
            CHECK(parse({"stat", "--db=" + word}).store == word);
            CHECK(parse({"stat", "-d" + word}).store == word);
        }
    }
}

TEST_CASE("an option's value may begin with a dash where it is attached") {
    CHECK(request<PutRequest>({"put", "k", "--value=-v"}).value == "-v");
    CHECK(request<PutRequest>({"put", "k", "--value=--file"}).value == "--file");
    CHECK(request<GetRequest>({"get", "--key=--"}).keys.keys == Words{"--"});
    CHECK(request<ScanRequest>({"scan", "--prefix=-"}).range.prefix == "-");
}

TEST_CASE("a word that begins with a dash is no argument, a number neither") {
    for (const char* const word : {"-1", "-5x", "-1.5", "-!", "-!a", "- ", "---", "---a", "--!"}) {
        CAPTURE(word);
        const std::string unknown = std::string{"unknown option \""} + word + '"';
        CHECK(complaint({"put", "k", word}).message == unknown);
        CHECK(complaint({"put", word, "v"}).message == unknown);
        CHECK(complaint({"get", "k", word, "l"}).message == unknown);
        CHECK(complaint({"load", word}).message == unknown);
        CHECK(complaint({"scan", word}).message == unknown);
        CHECK(request<PutRequest>({"put", "k", "--value", word}).value == word);
        CHECK(request<PutRequest>({"put", "--", "k", word}).value == word);
        CHECK_NOTHROW(request<TextRequest>({"get", word, "--help"}));
    }
    CHECK(complaint({"put", "k", "-0"}).message == "unknown option \"-0\"");
    CHECK(request<GetRequest>({"get", "--stdin", "-0"}).keys.ending == KeyEnding::nul);
}

TEST_CASE("a flag takes no value, not even one that says what it says anyway") {
    for (const char* const value : {"", "true", "false", "1", "3", "{}", "on", "banana"}) {
        CAPTURE(value);
        const auto refusal = [value](Words words, const std::string& flag) {
            words.push_back(flag + "=" + value);
            return complaint(words).message;
        };
        CHECK(refusal({"rm", "k"}, "--force") == "option --force takes no value");
        CHECK(refusal({"scan"}, "--count") == "option --count takes no value");
        CHECK(refusal({"put", "k", "v"}, "--no-sync") == "option --no-sync takes no value");
        CHECK(refusal({"get", "k"}, "--quiet") == "option --quiet takes no value");
        CHECK(refusal({"get", "k"}, "-q") ==
              "a flag takes no value: \"=" + std::string{value} + '"');
    }
}

TEST_CASE("where several keys may be, --key may be given several times") {
    CHECK(request<GetRequest>({"get", "--key", "a", "--key=b", "c"}).keys.keys ==
          Words{"a", "b", "c"});
    CHECK(request<RmRequest>({"rm", "--key=a", "--key", "a"}).keys.keys == Words{"a", "a"});
    CHECK(complaint({"get", "--key", "a", "--key="}).message == "empty key");
    CHECK(complaint({"put", "--key", "a", "--key", "b", "v"}).message == "more than one --key");
}

TEST_CASE("behind two dashes every word is an argument") {
    const auto put = request<PutRequest>({"put", "--", "-k", "--value"});
    CHECK(put.key == "-k");
    CHECK(put.value == "--value");
    CHECK(request<GetRequest>({"get", "a", "--", "--", "-q", "--db"}).keys.keys ==
          Words{"a", "--", "-q", "--db"});
    CHECK(request<RmRequest>({"rm", "--", "-f"}).keys.keys == Words{"-f"});
    CHECK_FALSE(request<RmRequest>({"rm", "--", "-f"}).force);
    CHECK(parse({"-q", "get", "k", "--"}).quiet);
    CHECK(complaint({"get", "--"}).command == "get");
}

TEST_CASE("get and its old name take keys, standard input and a format") {
    for (const char* const name : {"get", "ask"}) {
        CAPTURE(name);
        CHECK(parse({name, "k"}).command == "get");
        const auto get = request<GetRequest>({name, "a", "b", "--format", "json"});
        CHECK(get.keys.keys == Words{"a", "b"});
        CHECK(get.format == Format::json);
        CHECK(request<GetRequest>({name, "--key", "k"}).keys.keys == Words{"k"});
        CHECK(request<GetRequest>({name, "--key", "a", "b"}).keys.keys == Words{"a", "b"});
    }
    const auto plain = request<GetRequest>({"get", "k"});
    CHECK_FALSE(plain.format);
    CHECK_FALSE(plain.keys.from_stdin);
    const auto lines = request<GetRequest>({"get", "--stdin"});
    CHECK(lines.keys.from_stdin);
    CHECK(lines.keys.ending == KeyEnding::newline);
    CHECK(request<GetRequest>({"get", "--stdin", "-0"}).keys.ending == KeyEnding::nul);
    CHECK(request<GetRequest>({"get", "--null", "--stdin"}).keys.ending == KeyEnding::nul);
}

TEST_CASE("rm and its old name take keys, force and the options of a writer") {
    for (const char* const name : {"rm", "remove"}) {
        CAPTURE(name);
        CHECK(parse({name, "k"}).command == "rm");
        CHECK(request<RmRequest>({name, "-f", "k"}).force);
        CHECK(request<RmRequest>({name, "k", "--force"}).force);
        CHECK(request<RmRequest>({name, "--key=k"}).keys.keys == Words{"k"});
    }
    const auto plain = request<RmRequest>({"rm", "a", "b"});
    CHECK_FALSE(plain.force);
    CHECK(plain.write.wait == kDefaultWait);
    CHECK(request<RmRequest>({"rm", "--stdin", "-0"}).keys.ending == KeyEnding::nul);
}

TEST_CASE("scan takes a range, an order and a form") {
    const auto all = request<ScanRequest>({"scan"});
    CHECK(all.range.prefix.empty());
    CHECK(all.range.from.empty());
    CHECK_FALSE(all.range.to);
    CHECK_FALSE(all.range.limit);
    CHECK_FALSE(all.range.reverse);
    CHECK_FALSE(all.keys_only);
    CHECK_FALSE(all.count);
    CHECK(all.format == Format::tsv);

    const auto some =
        request<ScanRequest>({"scan", "--prefix", "p", "--from", "f", "--to", "t", "--limit", "7",
                              "--reverse", "--keys", "--format", "null"});
    CHECK(some.range.prefix == "p");
    CHECK(some.range.from == "f");
    CHECK(some.range.to == "t");
    CHECK(some.range.limit == 7);
    CHECK(some.range.reverse);
    CHECK(some.keys_only);
    CHECK(some.format == Format::null);
    CHECK(request<ScanRequest>({"scan", "--count"}).count);
    CHECK(request<ScanRequest>({"scan", "--limit=0"}).range.limit == 0);
}

TEST_CASE("load takes files, a format and the options of a writer") {
    CHECK(request<LoadRequest>({"load"}).files.empty());
    const auto load = request<LoadRequest>({"load", "a", "-", "b", "--format=json", "--no-sync"});
    CHECK(load.files == Words{"a", "-", "b"});
    CHECK(load.format == Format::json);
    CHECK_FALSE(load.write.sync);
}

TEST_CASE("compact takes percentages, dry run, json and the options of a writer") {
    const auto plain = request<CompactRequest>({"compact"});
    CHECK(plain.options.min_garbage_percent == 20);
    CHECK(plain.options.max_rate == 0);
    CHECK(plain.options.if_garbage_percent == 0);
    CHECK_FALSE(plain.dry_run);
    CHECK_FALSE(plain.json);
    CHECK_FALSE(plain.options.all);
    CHECK(request<CompactRequest>({"compact", "--all"}).options.all);
    const auto full = request<CompactRequest>({"compact", "--min-garbage", "12.5", "--if-garbage",
                                               "100", "--dry-run", "--json", "--wait", "3"});
    CHECK(full.options.min_garbage_percent == 12.5);
    CHECK(full.options.if_garbage_percent == 100);
    CHECK(full.dry_run);
    CHECK(full.json);
    CHECK(full.write.wait == 3s);
}

TEST_CASE("stat and verify take json") {
    CHECK_FALSE(request<StatRequest>({"stat"}).json);
    CHECK(request<StatRequest>({"stat", "--json"}).json);
    CHECK_FALSE(request<VerifyRequest>({"verify"}).json);
    CHECK(request<VerifyRequest>({"verify", "--json"}).json);
}

TEST_CASE("writers take a wait, no sync and a log size, from options before variables") {
    const Settings settings{
        {"BITASK_PATH", "/env"}, {"BITASK_WAIT", "2.5"}, {"BITASK_MAX_LOG_SIZE", "4K"}};
    const auto plain = request<PutRequest>({"put", "k", "v"}).write;
    CHECK(plain.wait == 1000ms);
    CHECK(plain.sync);
    CHECK(plain.max_log_size == kDefaultMaxLogSize);

    const auto set = request<PutRequest>({"put", "k", "v"}, settings).write;
    CHECK(set.wait == 2500ms);
    CHECK(set.max_log_size == 4096);

    const auto said =
        request<PutRequest>({"put", "k", "v", "--wait=0", "--max-log-size", "1M", "--no-sync"},
                            settings)
            .write;
    CHECK(said.wait == 0ms);
    CHECK(said.max_log_size == 1024 * 1024);
    CHECK_FALSE(said.sync);

    const auto empty =
        request<RmRequest>(
            {"rm", "k"}, {{"BITASK_PATH", "/e"}, {"BITASK_WAIT", ""}, {"BITASK_MAX_LOG_SIZE", ""}})
            .write;
    CHECK(empty.wait == 1000ms);
    CHECK(empty.max_log_size == kDefaultMaxLogSize);
}

TEST_CASE("readers do not look at the variables of writers") {
    const Settings nonsense{
        {"BITASK_PATH", "/env"}, {"BITASK_WAIT", "soon"}, {"BITASK_MAX_LOG_SIZE", "big"}};
    CHECK_NOTHROW(parse({"get", "k"}, nonsense));
    CHECK_NOTHROW(parse({"scan"}, nonsense));
    const auto [command, message] = complaint({"put", "k", "v"}, nonsense);
    CHECK(command == "put");
    CHECK_THAT(message, ContainsSubstring("BITASK_WAIT") && ContainsSubstring("soon"));
}

TEST_CASE("help and version need neither a store nor arguments") {
    for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"-h", "--version"}}) {
        CHECK_THAT(request<TextRequest>(words, {}).text, ContainsSubstring("BITASK_PATH"));
    }
    for (const char* const name :
         {"put", "get", "rm", "scan", "load", "compact", "stat", "verify", "ask", "remove"}) {
        CAPTURE(name);
        const std::string text = request<TextRequest>({name, "--help"}, {}).text;
        CHECK_THAT(text, ContainsSubstring("bitask " + parse({name, "-h"}, {}).command));
        CHECK(request<TextRequest>({"--help", name}, {}).text == text);
        CHECK(request<TextRequest>({name, "-h", "k"}, {}).text == text);
    }
    CHECK(request<TextRequest>({"help"}, {}).text == request<TextRequest>({"--help"}, {}).text);
    CHECK(request<TextRequest>({"help", "ask"}, {}).text ==
          request<TextRequest>({"get", "--help"}, {}).text);
    CHECK(request<PutRequest>({"put", "help", "help"}).key == "help");
    const std::string version = request<TextRequest>({"--version"}, {}).text;
    CHECK(request<TextRequest>({"-V"}, {}).text == version);
    CHECK(version.starts_with("bitask "));
    CHECK(version.ends_with("\n"));
}

TEST_CASE("words that make no request are refused, and the complaint names what is wrong") {
    struct Case {
        Words words;
        std::string command;
        std::string part;
    };
    const std::vector<Case> cases{
        {{}, "", "no command"},
        {{"-q"}, "", "no command"},
        {{""}, "", "unknown command \"\""},
        {{"frob"}, "", "unknown command \"frob\""},
        {{"{}"}, "", "unknown command \"{}\""},
        {{"--frob"}, "", "unknown option \"--frob\""},
        {{"--frob", "get", "k"}, "get", "--frob"},
        {{"get"}, "get", "no key"},
        {{"get", ""}, "get", "empty key"},
        {{"get", "--key="}, "get", "empty key"},
        {{"get", "--key", ""}, "get", "empty key"},
        {{"get", "k", "--frob"}, "get", "unknown option \"--frob\""},
        {{"get", "k", "-x"}, "get", "unknown option \"-x\""},
        {{"get", "k", "--frob=1"}, "get", "--frob"},
        {{"get", "k", "--format", "xml"}, "get", "tsv, json, null"},
        {{"get", "k", "--format", ""}, "get", "format"},
        {{"get", "k", "--format"}, "get", "--format"},
        {{"get", "k", "--stdin"}, "get", "exclude"},
        {{"get", "k", "-0"}, "get", "--stdin"},
        {{"get", "k", "--force"}, "get", "--force"},
        {{"rm"}, "rm", "no key"},
        {{"rm", ""}, "rm", "empty key"},
        {{"rm", "k", "--stdin"}, "rm", "exclude"},
        {{"put"}, "put", "no key"},
        {{"put", ""}, "put", "empty key"},
        {{"put", "", "v"}, "put", "empty key"},
        {{"put", std::string(65'537, 'k'), "v"}, "put", "65536"},
        {{"put", "k", ""}, "put", "empty value"},
        {{"put", "k", "--value", ""}, "put", "empty value"},
        {{"put", "k", "--value="}, "put", "empty value"},
        {{"put", "k", "v", "w"}, "put", "too many"},
        {{"put", "k", "v", "--key", "x"}, "put", "too many"},
        {{"put", "k", "v", "--file", "f"}, "put", "--file"},
        {{"put", "k", "--value", "v", "--file", "f"}, "put", "--file"},
        {{"put", "k", "v", "--wait", "-1"}, "put", "--wait"},
        {{"put", "k", "v", "--wait=-1"}, "put", "--wait"},
        {{"put", "k", "v", "--wait", "soon"}, "put", "--wait"},
        {{"put", "k", "v", "--wait", ""}, "put", "--wait"},
        {{"put", "k", "v", "--wait="}, "put", "--wait"},
        {{"put", "k", "v", "--wait"}, "put", "--wait"},
        {{"put", "k", "v", "--max-log-size", "0"}, "put", "--max-log-size"},
        {{"put", "k", "v", "--max-log-size", "4T"}, "put", "--max-log-size"},
        {{"scan", "k"}, "scan", "unexpected argument \"k\""},
        {{"scan", "--", "k"}, "scan", "unexpected argument \"k\""},
        {{"scan", "--", "-k"}, "scan", "unexpected argument \"-k\""},
        {{"scan", "--keys", "--count"}, "scan", "exclude"},
        {{"scan", "--limit", "-1"}, "scan", "--limit"},
        {{"scan", "--limit", "1.5"}, "scan", "--limit"},
        {{"scan", "--limit", "18446744073709551616"}, "scan", "--limit"},
        {{"scan", "--wait", "1"}, "scan", "--wait"},
        {{"load", "--format", "xml"}, "load", "format"},
        {{"compact", "now"}, "compact", "now"},
        {{"compact", "--min-garbage", "101"}, "compact", "--min-garbage"},
        {{"compact", "--min-garbage", "10", "--all"}, "compact", "--all"},
        {{"compact", "--if-garbage", "-1"}, "compact", "--if-garbage"},
        {{"compact", "--if-garbage", "half"}, "compact", "--if-garbage"},
        {{"stat", "now"}, "stat", "now"},
        {{"stat", "get"}, "stat", "get"},
        {{"verify", "--", "x"}, "verify", "x"},
        {{"--", "get", "k"}, "", "no command"},
        {{"stat", "--db"}, "stat", "--db"},
        {{"-d"}, "", "-"},
        {{"get", "k", "--frob=a b"}, "get", "unknown option \"--frob=a b\""},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.words);
        const auto [command, message] = complaint(wrong.words);
        CHECK(command == wrong.command);
        CHECK_THAT(message, ContainsSubstring(wrong.part));
    }
}

TEST_CASE("what cannot be read in a wrong word is escaped in the complaint") {
    CHECK_THAT(complaint({"fr\nob"}).message, ContainsSubstring("\"fr\\nob\""));
    CHECK_THAT(complaint({"get", "k", "--wait\x01"}).message, ContainsSubstring("\\x01"));
    CHECK_THAT(complaint({"get", "k", "--format", "a\x1b[0m"}).message, !ContainsSubstring("\x1b"));
}

TEST_CASE("every command and option is named for whoever checks the documents") {
    const auto all = all_command_names();
    REQUIRE(all.size() == 9);
    CHECK_FALSE(all.front().command);
    for (const char* const name :
         {"put", "get", "ask", "rm", "remove", "scan", "load", "compact", "stat", "verify"}) {
        CAPTURE(name);
        CHECK(std::ranges::any_of(all, [&](const CommandNames& command) {
            return std::ranges::find(command.names, name) != command.names.end();
        }));
    }
    CHECK(std::ranges::find(all.front().options, "--db") != all.front().options.end());
    CHECK(std::ranges::find(all.front().options, "-d") != all.front().options.end());
}

}  // namespace
}  // namespace bitask::cli
