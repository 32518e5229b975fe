#include "cli/bus_errors.hpp"

#include "cli/messages.hpp"
#include "support/catch.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>

namespace bitask::cli {
namespace {

constexpr std::size_t kPage = 4096;

// Looks at a page that has gone from a file since it was mapped.
[[noreturn]] void look_at_what_is_gone(bool quiet) {
    Messages messages;
    messages.set_command("scan");
    messages.set_quiet(quiet);
    const BusErrors bus_errors{messages};
    std::string name = "/tmp/bitask-test-XXXXXX";
    const int file = ::mkstemp(name.data());
    if (file < 0 || ::unlink(name.c_str()) != 0 || ::ftruncate(file, kPage) != 0) {
        ::_exit(100);
    }
    void* const mapped = ::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED || ::ftruncate(file, 0) != 0) {
        ::_exit(101);
    }
    ::_exit(*static_cast<const volatile char*>(mapped) == 0 ? 102 : 103);
}

// The exit status of another process that does so, and what it writes to standard error.
std::pair<int, std::string> looking_at_what_is_gone(bool quiet) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        look_at_what_is_gone(quiet);
    }
    ::close(ends[1]);
    std::string said;
    std::array<char, 256> buffer{};
    for (ssize_t size = 0; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
        said.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

TEST_CASE("a mapped log that cannot be read any more ends the program with a line and status 5") {
    const auto [status, said] = looking_at_what_is_gone(false);
    CHECK(status == 5);
    CHECK(
        said ==
        "bitask: scan: a log cannot be read: the disk fails, or another program has made the file "
        "shorter\n");
}

TEST_CASE("a mapped log that cannot be read any more ends the program silently when it is quiet") {
    CHECK(looking_at_what_is_gone(true) == std::pair{5, std::string{}});
}

}  // namespace
}  // namespace bitask::cli
