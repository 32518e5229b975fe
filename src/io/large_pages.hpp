#pragma once

#include <cstddef>
#include <limits>
#include <new>

namespace bitask::io {

// Memory in pages of 2 MiB where the system has such, from 1 MiB on. Throws std::bad_alloc.
[[nodiscard]] void* allocate_large(std::size_t bytes);
void free_large(void* memory, std::size_t bytes) noexcept;

// An allocator for what is large and looked at in no order: to touch a small page for the first
// time costs as much as to look a key up, and so does, nearly, to find it again. What is only
// resized stays as it was, so that nothing is touched before it is needed.
template <typename T>
class LargePages {
public:
    using value_type = T;  // NOLINT(readability-identifier-naming): what allocators call it

    LargePages() = default;
    template <typename Other>
    // NOLINTNEXTLINE(google-explicit-constructor): containers convert theirs
    LargePages(const LargePages<Other>& /*other*/) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
            throw std::bad_array_new_length{};
        }
        return static_cast<T*>(allocate_large(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        free_large(memory, count * sizeof(T));
    }

    template <typename Other>
    void construct(Other* place) noexcept {
        ::new (static_cast<void*>(place)) Other;
    }

    friend bool operator==(const LargePages&, const LargePages&) = default;
};

// Empties a vector and gives its memory back. (To assign {} would not: a vector takes that for an
// empty list of items, and keeps its memory for later ones.)
template <typename Vector>
void give_back(Vector& vector) noexcept {
    Vector{}.swap(vector);
}

}  // namespace bitask::io
