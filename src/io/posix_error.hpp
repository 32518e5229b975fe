#pragma once

#include <string>
#include <string_view>

namespace bitask::io {

// Throws Error (io): "<action> <path>: <the system's reason for `error_number`>". Take errno on
// the line after the failed call and pass it here; anything in between may change it.
[[noreturn]] void throw_io(std::string_view action, const std::string& path, int error_number);

}  // namespace bitask::io
