#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace bitask::io {

// Owns a descriptor, or none (-1).
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_{fd} {}
    UniqueFd(UniqueFd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    [[nodiscard]] int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

// The same file under a descriptor that is not one of the three standard ones. A process may be
// started with standard output or error closed; the next file it opens gets their number, and
// messages would be written into a log.
[[nodiscard]] inline UniqueFd above_standard(UniqueFd fd) noexcept {
    if (fd.get() < 0 || fd.get() > STDERR_FILENO) {
        return fd;
    }
    return UniqueFd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

}  // namespace bitask::io
