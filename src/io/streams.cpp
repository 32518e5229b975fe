#include "bitask/streams.hpp"

#include "bitask/error.hpp"
#include "io/posix_error.hpp"
#include "io/unique_fd.hpp"

#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace bitask {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;

void write_all(int descriptor, const std::string& name, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
        const int error = errno;
        if (n > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (n == 0) {
            io::throw_io("write", name, EIO);
        } else if (error == EPIPE) {
            throw ClosedPipe{};
        } else if (error != EINTR) {
            io::throw_io("write", name, error);
        }
    }
}

int open_input(const std::string& path) {
    int fd = -1;
    int error = EINTR;
    while (fd < 0 && error == EINTR) {
        fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
        error = errno;
    }
    io::UniqueFd above = io::above_standard(io::UniqueFd{fd});
    if (!above) {
        io::throw_io("open", path, error);
    }
    return above.release();
}

}  // namespace

Output::Output(int descriptor, std::string name)
    : descriptor_{descriptor}, name_{std::move(name)} {}

void Output::write(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kBufferSize) {
        flush();
    }
    if (bytes.size() > kBufferSize) {
        write_all(descriptor_, name_, bytes);
    } else {
        buffer_.append(bytes);
    }
}

void Output::flush() {
    try {
        write_all(descriptor_, name_, buffer_);
    } catch (...) {
        buffer_.clear();  // what a failed write leaves must not be written a second time
        throw;
    }
    buffer_.clear();
}

Input::Input(const std::string& path)
    : descriptor_{open_input(path)}, owned_{true}, name_{path}, buffer_(kBufferSize) {}

Input::Input(int descriptor, std::string name)
    : descriptor_{descriptor}, owned_{false}, name_{std::move(name)}, buffer_(kBufferSize) {}

Input::~Input() {
    if (owned_) {
        ::close(descriptor_);
    }
}

std::string_view Input::peek() {
    while (begin_ == end_) {
        if (interrupted_ != nullptr) {
            wait_for_input();
        }
        const ssize_t n = ::read(descriptor_, buffer_.data(), buffer_.size());
        const int error = errno;
        if (n == 0) {
            return {};
        }
        if (n > 0) {
            begin_ = 0;
            end_ = static_cast<std::size_t>(n);
        } else if (error != EINTR) {
            io::throw_io("read", name_, error);
        }
    }
    return buffered();
}

// A signal may come between the question and the waiting: it is kept back until then.
void Input::wait_for_input() const {
    sigset_t all{};
    sigset_t before{};
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const bool asked = interrupted_();
    pollfd input{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (!asked) {
        static_cast<void>(::ppoll(&input, 1, nullptr, &before));
    }
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (asked || interrupted_()) {
        throw Interrupted{};
    }
}

bool Input::would_wait() const noexcept {
    if (begin_ != end_) {
        return false;
    }
    pollfd input{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return ::poll(&input, 1, 0) == 0;
}

void Input::consume(std::size_t size) {
    begin_ += size;
}

void make_file_size_limit_an_error() noexcept {
    static_cast<void>(::signal(SIGXFSZ, SIG_IGN));
}

void keep_freed_memory() noexcept {
#ifdef __GLIBC__
    // A new page costs more than to look a key up.
    constexpr int kLarge = 256 * 1024 * 1024;
    static_cast<void>(::mallopt(M_MMAP_THRESHOLD, kLarge));
    static_cast<void>(::mallopt(M_TRIM_THRESHOLD, kLarge));
#endif
}

bool is_terminal(int descriptor) noexcept {
    return ::isatty(descriptor) == 1;
}

void write_standard_error(std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
        if (n > 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            return;
        }
    }
}

}  // namespace bitask
