#pragma once

#include <string>
#include <string_view>

namespace bitask::cli {

// What `bitask --help` prints.
[[nodiscard]] std::string_view general_help();

// What `bitask COMMAND --help` prints, by the command's first name.
[[nodiscard]] std::string command_help(std::string_view command);

}  // namespace bitask::cli
