#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace bitask::store {

// Which records are to be read, in the order of their places: stretch by stretch of the logs, of
// 4 MiB each. A record is 8 bytes; each stretch is sorted by itself, in the processor's cache.
class ReadPlan {
public:
    static constexpr std::size_t kMaxSize = 0xFFFF;                           // of a record
    static constexpr std::size_t kMaxPosition = (std::size_t{1} << 26U) - 1;  // where it goes to

    // A record: where it begins in its stretch, its size in bytes, and where it goes to.
    class Item {
    public:
        static constexpr unsigned kOffsetBits = 22;

        Item() = default;
        Item(std::uint64_t offset, std::size_t size, std::size_t position)
            : bits_{offset << kOffsetShift | std::uint64_t{size} << kSizeShift | position} {}

        [[nodiscard]] std::uint64_t offset() const noexcept { return bits_ >> kOffsetShift; }
        [[nodiscard]] std::size_t size() const noexcept { return bits_ >> kSizeShift & kMaxSize; }
        [[nodiscard]] std::size_t position() const noexcept { return bits_ & kMaxPosition; }
        [[nodiscard]] std::uint64_t end() const noexcept { return offset() + size(); }

    private:
        static constexpr unsigned kSizeShift = 26;
        static constexpr unsigned kOffsetShift = 64 - kOffsetBits;

        std::uint64_t bits_ = 0;
    };

    // Of one stretch, in order.
    struct Part {
        std::uint64_t begin = 0;  // the place from which their offsets count
        std::span<const Item> items;
    };

    // `place` is as Places counts; sizes and positions are no larger than the limits above.
    void add(std::uint64_t place, std::size_t size, std::size_t position);

    // After the last add(), by the same thread.
    void prepare();

    // Then: some of those that nobody has taken yet, good until clear(); nothing at the end.
    // Several threads may call this.
    [[nodiscard]] std::optional<Part> take();

    void clear();    // keeps memory for the same places
    void release();  // keeps none

    // What is in memory.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    static constexpr unsigned kStretchBits = 22;

    static_assert(Item::kOffsetBits == kStretchBits);

    struct Stretch {
        std::uint64_t begin = 0;
        std::vector<Item> items;
    };

    [[nodiscard]] std::vector<Item>& items_at(std::uint64_t place);

    std::vector<Stretch> stretches_;
    std::vector<std::vector<std::uint32_t>> by_log_;  // in stretches_, counted from 1; 0: none yet
    std::size_t bytes_ = 0;

    std::mutex mutex_;
    std::size_t next_stretch_ = 0;  // to be taken from
    std::size_t taken_ = 0;         // of its items
    std::vector<Item> scratch_;     // for sorting them
};

}  // namespace bitask::store
