#pragma once

#include "io/environment.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

// flock(2) with a limit on the wait.
//
// flock and not fcntl: closing any other descriptor of the file would silently give back an fcntl
// lock, and a second lock in the same process would succeed.
namespace bitask::io {

// Takes the exclusive lock of an open file; false when another process held it all the time.
// Waits in the kernel's queue, so that waiting processes get their turn instead of racing.
// Uses SIGALRM and the real-time timer while it waits, and puts both back as they were. Throws
// Error (io).
[[nodiscard]] bool lock_file(int fd, const std::string& path, std::chrono::milliseconds wait);

// The process that holds the lock of that file, as far as /proc/locks tells.
[[nodiscard]] std::optional<std::uint64_t> find_lock_holder(const FileIdentity& file);

}  // namespace bitask::io
