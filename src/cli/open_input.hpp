#pragma once

#include "bitask/streams.hpp"

#include <memory>
#include <string>

namespace bitask::cli {

// A file, or standard input for "-". Throws Error (io).
[[nodiscard]] inline std::unique_ptr<Input> open_input(const std::string& file) {
    constexpr int kStandardInput = 0;
    return file == "-" ? std::make_unique<Input>(kStandardInput, "standard input")
                       : std::make_unique<Input>(file);
}

}  // namespace bitask::cli
