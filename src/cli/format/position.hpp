#pragma once

#include "bitask/error.hpp"
#include "bitask/streams.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bitask::cli {

// "data.tsv:3"
[[nodiscard]] inline std::string line_of(const Input& input, std::uint64_t number) {
    return input.name() + ':' + std::to_string(number);
}

// "standard input: pair 3", where there are no lines.
[[nodiscard]] inline std::string item_of(const Input& input, std::string_view noun,
                                         std::uint64_t number) {
    return std::string{input.name()}.append(": ").append(noun) + ' ' + std::to_string(number);
}

// The error with its position, if the input is to blame; any other as it is.
[[nodiscard]] inline Error at_position(const std::string& position, const Error& error) {
    if (error.kind() != ErrorKind::usage) {
        return error;
    }
    return {ErrorKind::usage, position + ": " + error.what()};
}

// The warning about a last line that was taken though its newline is missing.
[[nodiscard]] inline std::string no_newline_at(const Input& input, std::uint64_t number) {
    return line_of(input, number) + ": the last line lacks its newline, taken as it is";
}

}  // namespace bitask::cli
