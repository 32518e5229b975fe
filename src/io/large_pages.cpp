#include "io/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace bitask::io {
namespace {

constexpr std::size_t kLargePage = std::size_t{2} * 1024 * 1024;
constexpr std::size_t kLeast = kLargePage / 2;

std::size_t mapped_size(std::size_t bytes) {
    return (bytes + kLargePage - 1) / kLargePage * kLargePage;
}

void unmap(void* begin, std::size_t size) noexcept {
    if (size != 0) {
        ::munmap(begin, size);
    }
}

}  // namespace

void* allocate_large(std::size_t bytes) {
    if (bytes < kLeast) {
        return ::operator new(bytes);
    }
    if (bytes > std::numeric_limits<std::size_t>::max() - 2 * kLargePage) {
        throw std::bad_alloc{};
    }
    // With as much more as it takes to begin where a page can.
    const std::size_t size = mapped_size(bytes);
    void* const mapped = ::mmap(nullptr, size + kLargePage, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        throw std::bad_alloc{};
    }
    const std::size_t before =
        (kLargePage - reinterpret_cast<std::uintptr_t>(mapped) % kLargePage) % kLargePage;
    char* const memory = static_cast<char*>(mapped) + before;
    unmap(mapped, before);
    unmap(memory + size, kLargePage - before);
#ifdef MADV_HUGEPAGE
    static_cast<void>(::madvise(memory, size, MADV_HUGEPAGE));  // else in small ones
#endif
    return memory;
}

void free_large(void* memory, std::size_t bytes) noexcept {
    if (bytes < kLeast) {
        ::operator delete(memory);
    } else {
        unmap(memory, mapped_size(bytes));
    }
}

}  // namespace bitask::io
