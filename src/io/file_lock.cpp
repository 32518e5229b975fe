#include "io/file_lock.hpp"

#include "io/posix_error.hpp"
#include "io/posix_file.hpp"
#include "io/unique_fd.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string_view>

namespace bitask::io {
namespace {

void do_nothing(int /*signal*/) {}

timeval to_timeval(std::chrono::microseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {.tv_sec = static_cast<time_t>(seconds.count()),
            .tv_usec = static_cast<suseconds_t>((time - seconds).count())};
}

// Makes blocking calls return with EINTR when the time is over, for as long as it lives.
class Alarm {
public:
    explicit Alarm(std::chrono::milliseconds time) {
        struct sigaction action {};
        action.sa_handler = do_nothing;  // and no SA_RESTART: the call must end
        ::sigemptyset(&action.sa_mask);
        ::sigaction(SIGALRM, &action, &old_action_);

        // A parent may have left the signal blocked; the wait would then never end.
        sigset_t alarm{};
        ::sigemptyset(&alarm);
        ::sigaddset(&alarm, SIGALRM);
        ::pthread_sigmask(SIG_UNBLOCK, &alarm, &old_mask_);

        // The timer goes on firing, so that it ends the wait even if it fires for the first time
        // before the wait has begun.
        const itimerval timer{.it_interval = to_timeval(std::chrono::milliseconds{5}),
                              .it_value = to_timeval(time)};
        ::setitimer(ITIMER_REAL, &timer, &old_timer_);
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    ~Alarm() {
        ::setitimer(ITIMER_REAL, &old_timer_, nullptr);
        ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
        ::sigaction(SIGALRM, &old_action_, nullptr);
    }

private:
    struct sigaction old_action_ {};
    sigset_t old_mask_{};
    itimerval old_timer_{};
};

// True when the lock was taken, false when it is held elsewhere.
bool try_lock(int fd, const std::string& path) {
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        if (error == EWOULDBLOCK) {
            return false;
        }
        if (error != EINTR) {
            throw_io("lock", path, error);
        }
    }
    return true;
}

std::string_view take_field(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto field = line.substr(0, line.find(' '));
    line.remove_prefix(field.size());
    return field;
}

// One line is "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF": process, then device and inode.
// Lines of waiting processes have an arrow in second place.
std::optional<std::uint64_t> holder_in_line(std::string_view line, std::string_view file) {
    take_field(line);
    if (take_field(line) != "FLOCK") {
        return std::nullopt;
    }
    take_field(line);
    take_field(line);
    const auto process = take_field(line);
    std::uint64_t id = 0;
    if (take_field(line) != file ||
        std::from_chars(process.data(), process.data() + process.size(), id).ec != std::errc{} ||
        id == 0) {
        return std::nullopt;
    }
    return id;
}

std::string two_digit_hex(unsigned number) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    const std::string text{digits.data(), end};
    return text.size() < 2 ? '0' + text : text;
}

std::string read_lock_table() {
    const std::string path = "/proc/locks";
    std::string text;
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) {
        return text;
    }
    constexpr std::size_t kPiece = 16 * 1024;
    ssize_t n = 0;
    do {
        const auto before = text.size();
        text.resize(before + kPiece);
        n = ::read(fd.get(), text.data() + before, kPiece);
        text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    } while (n > 0);
    return text;
}

}  // namespace

bool lock_file(int fd, const std::string& path, std::chrono::milliseconds wait) {
    if (try_lock(fd, path)) {
        return true;
    }
    if (wait <= std::chrono::milliseconds{0}) {
        return false;
    }
    const auto deadline = std::chrono::steady_clock::now() + wait;
    const Alarm alarm{wait};
    while (::flock(fd, LOCK_EX) != 0) {
        const int error = errno;
        if (error != EINTR) {
            throw_io("lock", path, error);
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return try_lock(fd, path);
        }
    }
    return true;
}

std::optional<std::uint64_t> find_lock_holder(const FileIdentity& file) {
    const std::string identity = two_digit_hex(major(file.device)) + ':' +
                                 two_digit_hex(minor(file.device)) + ':' +
                                 std::to_string(file.inode);
    const std::string table = read_lock_table();
    std::string_view rest = table;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        if (const auto holder = holder_in_line(line, identity)) {
            return holder;
        }
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return std::nullopt;
}

}  // namespace bitask::io
