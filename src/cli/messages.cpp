#include "cli/messages.hpp"

#include "bitask/streams.hpp"

namespace bitask::cli {

void Messages::problem(std::string_view text) const {
    if (!quiet_) {
        write(text);
    }
}

void Messages::usage(std::string_view text) const {
    write(text);
}

void Messages::done(std::string_view text) const {
    if (verbose_ && !quiet_) {
        write(text);
    }
}

void Messages::write(std::string_view text) const {
    std::string line = "bitask: ";
    if (!command_.empty()) {
        line.append(command_).append(": ");
    }
    line.append(text).append("\n");
    write_standard_error(line);
}

}  // namespace bitask::cli
