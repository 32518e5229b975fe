#include "cli/bus_errors.hpp"

#include "cli/exit_code.hpp"

#include <unistd.h>

#include <csignal>
#include <string>

namespace bitask::cli {
namespace {

// What the handler says: made beforehand, as a handler cannot.
std::string& line() {
    static std::string line;
    return line;
}

void tell_and_exit(int /*signal*/) {
    const std::string& text = line();
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    static_cast<void>(written);  // there is nobody else to be told
    ::_exit(static_cast<int>(ExitCode::io));
}

// Returns what was done with the signal before.
auto install(const Messages& messages) {
    line() = messages.quiet() ? std::string{}
                              : messages.line(
                                    "a log cannot be read: the disk fails, or another program "
                                    "has made the file shorter");
    return std::signal(SIGBUS, tell_and_exit);
}

}  // namespace

BusErrors::BusErrors(const Messages& messages) : before_{install(messages)} {}

BusErrors::~BusErrors() {
    static_cast<void>(std::signal(SIGBUS, before_));
}

}  // namespace bitask::cli
