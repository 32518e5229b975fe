#include "cli/messages.hpp"

#include "bitask/streams.hpp"

namespace bitask::cli {
namespace {

// A path or a word of the user's may hold line feeds; a message is one line all the same.
void append_in_one_line(std::string& line, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20 && byte != 0x7f) {
            line += character;
        } else if (character == '\n') {
            line += "\\n";
        } else {
            line.append({'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU]});
        }
    }
}

}  // namespace

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
    append_in_one_line(line, text);
    line += '\n';
    write_standard_error(line);
}

}  // namespace bitask::cli
