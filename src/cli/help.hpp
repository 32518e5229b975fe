#pragma once

#include "cli/command.hpp"

#include <string>
#include <string_view>

namespace bitask::cli {

// What `bitask --help` prints.
[[nodiscard]] std::string_view general_help();

// What `bitask COMMAND --help` prints.
[[nodiscard]] std::string command_help(Command command);

}  // namespace bitask::cli
