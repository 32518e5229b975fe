#pragma once

#include "bitask/error.hpp"
#include "log/log_map.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bitask::store {

// Places in some logs as one number each: which log it is, in the order in which they are added,
// then the offset. Sorted, they lead through the logs front to back.
class Places {
public:
    static constexpr unsigned kOffsetBits = 40;
    static constexpr std::uint64_t kMaxOffset = (std::uint64_t{1} << kOffsetBits) - 1;  // bytes

    // Throws Error (io) when there are too many logs, or this one, of so many bytes, is too large.
    void add(const log::LogName& log, std::uint64_t size) {
        if (logs_.size() >= kMaxLogs || size > kMaxOffset) {
            throw Error{ErrorKind::io, log::file_name(log) + ": too large to be worked on"};
        }
        by_name_.add(as_sealed(log), end());
        logs_.push_back(as_sealed(log));
    }

    // Null when it is none of them. Good until the next add().
    [[nodiscard]] const std::uint64_t* begin_of(const log::LogName& log) const {
        return by_name_.find(as_sealed(log));
    }

    // Where the log that is added next begins.
    [[nodiscard]] std::uint64_t end() const { return std::uint64_t{logs_.size()} << kOffsetBits; }

    // Of the log that a place is in, among all logs.
    [[nodiscard]] static constexpr std::size_t index(std::uint64_t place) {
        return static_cast<std::size_t>(place >> kOffsetBits);
    }

    [[nodiscard]] static constexpr std::uint64_t offset(std::uint64_t place) {
        return place & kMaxOffset;
    }

    [[nodiscard]] log::Location location(std::uint64_t place) const {
        return {logs_[index(place)], place & kMaxOffset};
    }

private:
    static constexpr std::size_t kMaxLogs = (std::size_t{1} << (64 - kOffsetBits)) - 1;

    std::vector<log::LogName> logs_;
    log::LogMap by_name_;
};

}  // namespace bitask::store
