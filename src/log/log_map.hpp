#pragma once

#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bitask::log {

// A number for each of some logs, for what is looked up with every record: hashing with linear
// probing (Knuth, The Art of Computer Programming 6.4, algorithm L) in a table at most half full.
class LogMap {
public:
    // The log must not be there yet.
    void add(const LogName& log, std::uint64_t number) {
        if (2 * (size_ + 1) > slots_.size()) {
            grow();
        }
        slot_of(log) = {log, number, true};
        ++size_;
    }

    // Null when the log is not there. Good until the next add().
    [[nodiscard]] const std::uint64_t* find(const LogName& log) const {
        if (slots_.empty()) {
            return nullptr;
        }
        const Slot& slot = slots_[index_of(log)];
        return slot.used ? &slot.number : nullptr;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Slot {
        LogName log;
        std::uint64_t number = 0;
        bool used = false;
    };

    // Where the log is, or would be.
    [[nodiscard]] std::size_t index_of(const LogName& log) const {
        // Numbers are often times: their high digits are the same. (Knuth 6.4, Fibonacci hashing)
        constexpr std::uint64_t kSpread = 0x9E37'79B9'7F4A'7C15;
        constexpr unsigned kHalf = 32;
        const std::uint64_t hash = (log.number + log.generation) * kSpread >> kHalf;
        const std::size_t mask = slots_.size() - 1;
        std::size_t index = static_cast<std::size_t>(hash) & mask;
        while (slots_[index].used && slots_[index].log != log) {
            index = (index + 1) & mask;
        }
        return index;
    }

    Slot& slot_of(const LogName& log) { return slots_[index_of(log)]; }

    void grow() {
        constexpr std::size_t kFewest = 16;
        std::vector<Slot> old(slots_.empty() ? kFewest : 2 * slots_.size());
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.used) {
                slot_of(slot.log) = slot;
            }
        }
    }

    std::vector<Slot> slots_;  // a power of two of them
    std::size_t size_ = 0;
};

}  // namespace bitask::log
