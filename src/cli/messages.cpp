#include "cli/messages.hpp"

#include "bitask/streams.hpp"
#include "cli/format/escapes.hpp"

#include <utility>

namespace bitask::cli {
namespace {

constexpr std::string_view kWipe = "\r\x1b[K";  // to the beginning of the line, and clear it

}  // namespace

void Messages::problem(std::string_view text) {
    if (!quiet_) {
        write(text);
    }
}

void Messages::usage(std::string_view text) {
    write(text);
}

void Messages::done(std::string_view text) {
    if (verbose_ && !quiet_) {
        write(text);
    }
}

void Messages::show_progress(std::string_view line) {
    write_standard_error(std::string{kWipe}.append(line));
    progress_shown_ = true;
}

void Messages::wipe_progress() {
    if (std::exchange(progress_shown_, false)) {
        write_standard_error(kWipe);
    }
}

std::string Messages::line(std::string_view text) const {
    std::string line;
    if (progress_shown_) {
        line += kWipe;
    }
    line += "bitask: ";
    if (!command_.empty()) {
        line.append(command_).append(": ");
    }
    line += in_one_line(text);
    line += '\n';
    return line;
}

void Messages::write(std::string_view text) {
    write_standard_error(line(text));
    progress_shown_ = false;
}

}  // namespace bitask::cli
