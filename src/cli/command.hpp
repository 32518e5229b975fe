#pragma once

#include <array>
#include <string_view>

namespace bitask::cli {

enum class Command { put, get, rm, scan, load, compact, stat, verify };

inline constexpr std::array kAllCommands{Command::put,  Command::get,   Command::rm,
                                         Command::scan, Command::load,  Command::compact,
                                         Command::stat, Command::verify};

// Its first name: "get", not "ask".
[[nodiscard]] constexpr std::string_view name_of(Command command) noexcept {
    switch (command) {
        case Command::put: return "put";
        case Command::get: return "get";
        case Command::rm: return "rm";
        case Command::scan: return "scan";
        case Command::load: return "load";
        case Command::compact: return "compact";
        case Command::stat: return "stat";
        case Command::verify: return "verify";
    }
    return "";
}

// The name that it has in the reference, where that is another; else empty.
[[nodiscard]] constexpr std::string_view reference_name_of(Command command) noexcept {
    switch (command) {
        case Command::get: return "ask";
        case Command::rm: return "remove";
        default: return "";
    }
}

}  // namespace bitask::cli
