#pragma once

#include "bitask/error.hpp"
#include "bitask/streams.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bitask::cli {

// A message about one line of an input, or about one pair where there are no lines.
[[nodiscard]] inline std::string at_position(const Input& input, std::uint64_t number,
                                             std::string_view reason) {
    std::string message = input.name();
    message += ':';
    message += std::to_string(number);
    message += ": ";
    message += reason;
    return message;
}

// The error with its position, if the input is to blame; any other as it is.
[[nodiscard]] inline Error at_position(const Input& input, std::uint64_t number,
                                       const Error& error) {
    if (error.kind() != ErrorKind::usage) {
        return error;
    }
    return {ErrorKind::usage, at_position(input, number, std::string_view{error.what()})};
}

// The warning about a last line that was taken though its newline is missing.
[[nodiscard]] inline std::string no_newline_at(const Input& input, std::uint64_t number) {
    return at_position(input, number, "the last line lacks its newline, taken as it is");
}

}  // namespace bitask::cli
