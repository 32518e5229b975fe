#include "cli/bus_errors.hpp"

#include "bitask/streams.hpp"
#include "cli/exit_code.hpp"

#include <csignal>
#include <cstdlib>
#include <string>

namespace bitask::cli {
namespace {

// What the handler says: made beforehand, as a handler cannot.
std::string& line() {
    static std::string line;
    return line;
}

void tell_and_exit(int /*signal*/) {
    write_standard_error(line());
    std::_Exit(static_cast<int>(ExitCode::io));
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
