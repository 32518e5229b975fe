#pragma once

#include "bitask/error.hpp"

#include <algorithm>

namespace bitask::cli {

// The exit statuses, a contract with scripts. Where several apply, the highest is given.
enum class ExitCode {
    success = 0,
    not_found = 1,
    usage = 2,
    locked = 3,
    corrupt = 4,
    io = 5,
};

[[nodiscard]] constexpr ExitCode exit_code(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::usage: return ExitCode::usage;
        case ErrorKind::locked: return ExitCode::locked;
        case ErrorKind::corrupt: return ExitCode::corrupt;
        case ErrorKind::io: return ExitCode::io;
    }
    return ExitCode::io;
}

// Where several statuses apply, the highest counts.
constexpr void raise(ExitCode& code, ExitCode other) noexcept {
    code = std::max(code, other);
}

}  // namespace bitask::cli
