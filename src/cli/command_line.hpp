#pragma once

#include "bitask/error.hpp"
#include "cli/command.hpp"
#include "cli/requests.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitask::cli {

// Looks up an environment variable; nothing when it is not set.
using Variables = std::function<std::optional<std::string>(const char* name)>;

// Wrong usage, with the command that it was about, if there was one.
class UsageError : public Error {
public:
    UsageError(std::string command, std::string message)
        : Error{ErrorKind::usage, std::move(message)}, command_{std::move(command)} {}

    [[nodiscard]] const std::string& command() const noexcept { return command_; }

private:
    std::string command_;
};

// Words to request. `words` are the arguments without the program's own name. Throws UsageError.
[[nodiscard]] CommandLine parse_command_line(const std::vector<std::string>& words,
                                             const Variables& variables);

// One command with all its names, long and short: for the test that holds the help texts, the man
// page and the completions against what is really understood.
struct CommandNames {
    std::optional<Command> command;    // nothing for the options that stand before any
    std::vector<std::string> names;    // "get", "ask"
    std::vector<std::string> options;  // "--format", "-0"
};
[[nodiscard]] std::vector<CommandNames> all_command_names();

}  // namespace bitask::cli
