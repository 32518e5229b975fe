#include "io/posix_mapping.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace bitask::io {
namespace {

class PosixMapping final : public Mapping {
public:
    // `begin` is where the system was asked for `size` bytes; the first `skipped` are left out.
    PosixMapping(void* begin, std::size_t size, std::size_t skipped)
        : begin_{begin}, size_{size}, skipped_{skipped} {}
    ~PosixMapping() override { ::munmap(begin_, size_); }
    PosixMapping(const PosixMapping&) = delete;
    PosixMapping& operator=(const PosixMapping&) = delete;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept override {
        return std::span{static_cast<const std::byte*>(begin_), size_}.subspan(skipped_);
    }

private:
    void* begin_;
    std::size_t size_;
    std::size_t skipped_;
};

}  // namespace

std::unique_ptr<Mapping> map_file(int fd, std::uint64_t offset, std::size_t size) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        return nullptr;
    }
    const auto file_size = static_cast<std::uint64_t>(status.st_size);
    if (offset >= file_size || size == 0) {
        return nullptr;
    }
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, file_size - offset));
    const auto skipped =
        static_cast<std::size_t>(offset % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    size += skipped;
    void* const begin =
        ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset - skipped));
    if (begin == MAP_FAILED) {
        return nullptr;
    }
    return std::make_unique<PosixMapping>(begin, size, skipped);
}

}  // namespace bitask::io
