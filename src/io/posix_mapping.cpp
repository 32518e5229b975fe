#include "io/posix_mapping.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>

namespace bitask::io {
namespace {

class PosixMapping final : public Mapping {
public:
    PosixMapping(void* begin, std::size_t size) : begin_{begin}, size_{size} {}
    ~PosixMapping() override { ::munmap(begin_, size_); }
    PosixMapping(const PosixMapping&) = delete;
    PosixMapping& operator=(const PosixMapping&) = delete;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept override {
        return {static_cast<const std::byte*>(begin_), size_};
    }

private:
    void* begin_;
    std::size_t size_;
};

}  // namespace

std::unique_ptr<Mapping> map_file(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || status.st_size == 0) {
        return nullptr;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (begin == MAP_FAILED) {
        return nullptr;
    }
    return std::make_unique<PosixMapping>(begin, size);
}

}  // namespace bitask::io
