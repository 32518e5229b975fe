#pragma once

#include "cli/exit_code.hpp"

namespace bitask::cli {

// The whole program, from the arguments to the exit status.
[[nodiscard]] ExitCode run(int argc, const char* const* argv);

}  // namespace bitask::cli
