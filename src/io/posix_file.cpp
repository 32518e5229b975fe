#include "io/posix_file.hpp"

#include "io/file_lock.hpp"
#include "io/posix_error.hpp"
#include "io/posix_mapping.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace bitask::io {
namespace {

#ifdef SYNC_FILE_RANGE_WRITE
// From the file's beginning to `end`, or all of it when that is 0.
void sync_range(int fd, const std::string& path, std::uint64_t end, unsigned what) {
    if (::sync_file_range(fd, 0, static_cast<off_t>(end), what) == 0) {
        return;
    }
    const int error = errno;
    // Where it is not to be had, or a sandbox forbids it, sync() has to wait for all.
    if (error != ENOSYS && error != EPERM) {
        throw_io("sync", path, error);
    }
}
#endif

}  // namespace

std::size_t read_fully(int fd, const std::string& path, std::uint64_t offset,
                       std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t n =
            ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        const int error = errno;
        if (n == 0) {
            break;
        }
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (error != EINTR) {
            throw_io("read", path, error);
        }
    }
    return done;
}

PosixFile::PosixFile(UniqueFd fd, std::string path, Access access)
    : fd_{std::move(fd)}, path_{std::move(path)}, access_{access} {}

std::size_t PosixFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    return read_fully(fd_.get(), path_, offset, out);
}

std::unique_ptr<Mapping> PosixFile::map() const {
    return access_ == Access::read_fixed ? map_file(fd_.get()) : nullptr;
}

void PosixFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t n =
            ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        const int error = errno;
        if (n < 0 && error == EINTR) {
            continue;
        }
        if (n <= 0) {
            throw_io("write", path_, n == 0 ? EIO : error);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
}

void PosixFile::truncate(std::uint64_t size) {
    while (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
        const int error = errno;
        if (error != EINTR) {
            throw_io("truncate", path_, error);
        }
    }
}

void PosixFile::sync() {
    // Not repeated after EINTR or any other failure: a second sync may report success for pages
    // that the first one has dropped.
    if (::fdatasync(fd_.get()) != 0) {
        const int error = errno;
        throw_io("sync", path_, error);
    }
}

void PosixFile::begin_sync() {
#ifdef SYNC_FILE_RANGE_WRITE
    sync_range(fd_.get(), path_, 0, SYNC_FILE_RANGE_WRITE);
#endif
}

void PosixFile::wait_for_begun(std::uint64_t end) const {
#ifdef SYNC_FILE_RANGE_WRITE
    sync_range(fd_.get(), path_, end, SYNC_FILE_RANGE_WAIT_BEFORE);
#endif
}

void PosixFile::forget() const noexcept {
#ifdef POSIX_FADV_DONTNEED
    static_cast<void>(::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED));
#endif
}

std::uint64_t PosixFile::size() const {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) {
        const int error = errno;
        throw_io("stat", path_, error);
    }
    return static_cast<std::uint64_t>(status.st_size);
}

FileIdentity PosixFile::identity() const {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) {
        const int error = errno;
        throw_io("stat", path_, error);
    }
    return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
}

bool PosixFile::lock(std::chrono::milliseconds wait) {
    return lock_file(fd_.get(), path_, wait);
}

std::optional<std::uint64_t> PosixFile::lock_holder() const {
    return find_lock_holder(identity());
}

}  // namespace bitask::io
