#pragma once

#include "keydir/number_pair.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// Some records, collected in whatever order, to be written in that of their keys.
class RecordChunk {
public:
    // In memory: kMaxBytes, a record more, and 5 MiB for the order.
    static constexpr std::size_t kMaxBytes = 16 * 1024 * 1024;
    static constexpr std::size_t kMaxRecords = 128 * 1024;

    // `rank` tells the place of the record's key among others.
    void add(std::uint64_t rank, std::string_view record) {
        if (ends_.empty()) {
            bytes_.reserve(kMaxBytes + kMaxBytes / 8);  // so that it is not moved as it grows
        }
        records_.push_back({rank, ends_.size()});
        bytes_ += record;
        ends_.push_back(bytes_.size());
    }

    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
    [[nodiscard]] bool full() const noexcept {
        return bytes_.size() >= kMaxBytes || ends_.size() >= kMaxRecords;
    }

    // Hands over (rank, record), the lowest rank first; nothing is left then.
    template <typename Take>
    void take_all(Take take) {
        keydir::sort_by_first(records_);
        for (std::size_t i = 0; i < records_.size(); ++i) {
            constexpr std::size_t kFar =
                8;  // they are gone through in another order than they have
            if (i + kFar < records_.size()) {
                __builtin_prefetch(&bytes_[begin_of(records_[i + kFar].second)]);
            }
            const std::size_t begin = begin_of(records_[i].second);
            take(records_[i].first,
                 std::string_view{bytes_}.substr(begin, ends_[records_[i].second] - begin));
        }
        records_.clear();
        bytes_.clear();
        ends_.clear();
    }

private:
    [[nodiscard]] std::size_t begin_of(std::size_t index) const {
        return index == 0 ? 0 : ends_[index - 1];
    }

    keydir::NumberPairs records_;    // rank, index
    std::string bytes_;              // of the records, as they came
    std::vector<std::size_t> ends_;  // of each of them in bytes_
};

}  // namespace bitask::store
