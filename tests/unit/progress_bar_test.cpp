#include "cli/progress_bar.hpp"

#include "cli/messages.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace bitask::cli {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

// Puts a descriptor in the place of standard error for as long as it lives.
class StandardError {
public:
    explicit StandardError(int instead) : saved_{::dup(STDERR_FILENO)} {
        ::dup2(instead, STDERR_FILENO);
    }
    ~StandardError() {
        ::dup2(saved_, STDERR_FILENO);
        ::close(saved_);
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;

private:
    int saved_;
};

std::string available(int descriptor) {
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(descriptor, buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return text;
}

// What is shown on a terminal while this is done.
std::string on_terminal(const std::function<void()>& work) {
    const int screen = ::posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(screen >= 0);
    REQUIRE(::grantpt(screen) == 0);
    REQUIRE(::unlockpt(screen) == 0);
    const int terminal = ::open(::ptsname(screen), O_RDWR | O_NOCTTY);
    REQUIRE(terminal >= 0);
    {
        const StandardError error{terminal};
        work();
    }
    std::string shown = available(screen);
    ::close(terminal);
    ::close(screen);
    return shown;
}

// A bar is drawn no earlier than this after it was made.
void wait_for_drawing() {
    std::this_thread::sleep_for(std::chrono::milliseconds{110});
}

TEST_CASE("progress is drawn on a terminal with its share, and wiped off at the end") {
    const std::string shown = on_terminal([] {
        Messages messages;
        ProgressBar bar{"verify", messages};
        wait_for_drawing();
        bar.advance(3 * 1024 * 1024, 6 * 1024 * 1024);
    });
    CHECK_THAT(shown, StartsWith("\r\x1b[K") && EndsWith("\r\x1b[K"));
    CHECK_THAT(shown,
               ContainsSubstring("verify: [###############---------------]  50 % of 6.0 MiB"));
    CHECK(shown.find('\n') == std::string::npos);
}

TEST_CASE("progress towards an unknown end shows the amount alone") {
    const std::string shown = on_terminal([] {
        Messages messages;
        ProgressBar bar{"load", messages};
        wait_for_drawing();
        bar.advance(1536 * 1024, 0);
    });
    CHECK_THAT(shown, ContainsSubstring("load: 1.5 MiB") && !ContainsSubstring("%"));
}

TEST_CASE("progress beyond its end is full, not more") {
    const std::string shown = on_terminal([] {
        Messages messages;
        ProgressBar bar{"x", messages};
        wait_for_drawing();
        bar.advance(200, 100);
    });
    CHECK_THAT(shown, ContainsSubstring("[" + std::string(30, '#') + "] 100 %"));
}

TEST_CASE("progress is not drawn anew with every step") {
    const std::string shown = on_terminal([] {
        Messages messages;
        ProgressBar bar{"x", messages};
        wait_for_drawing();
        for (std::uint64_t i = 0; i < 1000; ++i) {
            bar.advance(i, 1000);
        }
    });
    CHECK_FALSE(shown.empty());
    CHECK(shown.size() < 1000 * 10);
}

TEST_CASE("work that is done at once shows no progress") {
    CHECK(on_terminal([] {
              Messages messages;
              ProgressBar bar{"x", messages};
              bar.advance(1, 2);
              bar.advance(2, 2);
          }).empty());
}

TEST_CASE("a message wipes the progress off first, and stays when it is over") {
    const std::string shown = on_terminal([] {
        Messages messages;
        ProgressBar bar{"load", messages};
        wait_for_drawing();
        bar.advance(1024 * 1024, 0);
        messages.problem("watch out");
        messages.problem("again");
    });
    CHECK(shown ==
          "\r\x1b[Kload: 1.0 MiB"
          "\r\x1b[Kbitask: watch out\r\n"
          "bitask: again\r\n");
}

TEST_CASE("nothing is drawn where there is nothing to say, or messages are unwanted") {
    CHECK(on_terminal([] {
              Messages messages;
              const ProgressBar bar{"x", messages};
          }).empty());
    CHECK(on_terminal([] {
              Messages quiet;
              quiet.set_quiet(true);
              ProgressBar bar{"x", quiet};
              wait_for_drawing();
              bar.advance(1, 2);
          }).empty());
}

TEST_CASE("nothing is drawn where standard error is no terminal") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    {
        const StandardError error{ends[1]};
        Messages messages;
        ProgressBar bar{"x", messages};
        wait_for_drawing();
        bar.advance(1, 2);
    }
    CHECK(available(ends[0]).empty());
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace bitask::cli
