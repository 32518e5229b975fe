// Times whole processes side by side: each round runs every command once, in an order that
// changes from round to round, so that whatever else the machine does meets all of them alike.
//
// usage: bitask_bench_alternate ROUNDS KEYS < COMMANDS
//
// COMMANDS has a line for each command: its name, the exit status that it must have, and its
// words, all of them separated by tabs. In a word, {key} stands for a line of the file KEYS,
// another one in each round. Standard output and standard error of the commands are thrown away.
// A line with an empty name is a command that prepares the next one: it runs before it in each
// round, and is not measured.
//
// Prints a line for each command, separated by tabs: its name, the median of its wall time in
// microseconds, that over the median of the first command, the 90th percentile, the medians of its
// page faults, of its peak memory in KiB and of its processor time in microseconds. Ends with
// status 1 when a command did not end as it must.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

struct Sample {
    double microseconds = 0;
    long faults = 0;
    long peak_kib = 0;
    double processor = 0;  // microseconds
};

struct Command {
    std::string name;
    int status = 0;
    std::vector<std::string> words;
    std::vector<Command> preparations;
    std::vector<Sample> samples;
};

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "bitask_bench_alternate: %s\n", why.c_str());
    std::exit(EXIT_FAILURE);
}

bool read_line(std::FILE* file, std::string& line) {
    line.clear();
    int c = std::getc(file);
    if (c == EOF) {
        return false;
    }
    for (; c != EOF && c != '\n'; c = std::getc(file)) {
        line += static_cast<char>(c);
    }
    return true;
}

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> parts(1);
    for (const char c : line) {
        if (c == '\t') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

std::vector<std::string> read_keys(const char* path) {
    std::FILE* const file = std::fopen(path, "r");
    if (file == nullptr) {
        fail(std::string{"cannot read "} + path);
    }
    std::vector<std::string> keys;
    std::string line;
    while (read_line(file, line)) {
        keys.push_back(line);
    }
    std::fclose(file);
    if (keys.empty()) {
        fail("no keys");
    }
    return keys;
}

int to_number(std::string_view text) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) {
        fail("not a number: " + std::string{text});
    }
    return number;
}

std::vector<Command> read_commands() {
    std::vector<Command> commands;
    std::vector<Command> preparations;
    std::string line;
    while (read_line(stdin, line)) {
        auto parts = split(line);
        if (parts.size() < 3) {
            fail("not a command: " + line);
        }
        Command command;
        command.name = parts[0];
        command.status = to_number(parts[1]);
        command.words.assign(parts.begin() + 2, parts.end());
        if (command.name.empty()) {
            preparations.push_back(std::move(command));
        } else {
            command.preparations = std::exchange(preparations, {});
            commands.push_back(std::move(command));
        }
    }
    if (commands.empty() || !preparations.empty()) {
        fail("no commands");
    }
    return commands;
}

std::string with_key(std::string word, const std::string& key) {
    constexpr std::string_view kMark = "{key}";
    if (const auto at = word.find(kMark); at != std::string::npos) {
        word.replace(at, kMark.size(), key);
    }
    return word;
}

double microseconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

Sample run_once(const Command& command, const std::string& key,
                posix_spawn_file_actions_t& actions) {
    std::vector<std::string> words;
    for (const std::string& word : command.words) {
        words.push_back(with_key(word, key));
    }
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);

    const auto begin = std::chrono::steady_clock::now();
    pid_t pid = 0;
    if (posix_spawnp(&pid, argv.front(), &actions, nullptr, argv.data(), environ) != 0) {
        fail("cannot run " + command.words.front());
    }
    int status = 0;
    struct rusage usage {};
    if (wait4(pid, &status, 0, &usage) != pid) {
        fail("cannot wait for " + command.words.front());
    }
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != command.status) {
        fail(words.front() + " for '" + command.name + "': ended with status " +
             std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)) +
             " in place of " + std::to_string(command.status));
    }
    return {time.count(), usage.ru_minflt + usage.ru_majflt, usage.ru_maxrss,
            microseconds(usage.ru_utime) + microseconds(usage.ru_stime)};
}

template <typename Number>
Number at_percent(const Command& command, Number Sample::*what, std::size_t percent) {
    std::vector<Number> numbers;
    for (const Sample& sample : command.samples) {
        numbers.push_back(sample.*what);
    }
    std::ranges::sort(numbers);
    return numbers[(numbers.size() - 1) * percent / 100];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        fail("usage: bitask_bench_alternate ROUNDS KEYS < COMMANDS");
    }
    const int rounds = to_number(argv[1]);
    if (rounds <= 0) {
        fail("rounds: at least 1");
    }
    const std::vector<std::string> keys = read_keys(argv[2]);
    std::vector<Command> commands = read_commands();

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);

    std::vector<std::size_t> order(commands.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::minstd_rand random{1};
    for (int round = 0; round < rounds; ++round) {
        std::ranges::shuffle(order, random);
        for (const std::size_t i : order) {
            const std::string& key = keys[static_cast<std::size_t>(round) % keys.size()];
            for (const Command& preparation : commands[i].preparations) {
                run_once(preparation, key, actions);
            }
            commands[i].samples.push_back(run_once(commands[i], key, actions));
        }
    }
    const double first = at_percent(commands.front(), &Sample::microseconds, 50);
    for (const Command& command : commands) {
        const double median = at_percent(command, &Sample::microseconds, 50);
        std::printf("%s\t%.0f\t%.2f\t%.0f\t%ld\t%ld\t%.0f\n", command.name.c_str(), median,
                    median / first, at_percent(command, &Sample::microseconds, 90),
                    at_percent(command, &Sample::faults, 50),
                    at_percent(command, &Sample::peak_kib, 50),
                    at_percent(command, &Sample::processor, 50));
    }
    return EXIT_SUCCESS;
}
