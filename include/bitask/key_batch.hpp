#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask {

// Keys that are to be looked up together, which takes far less than one by one. Bounded.
class KeyBatch {
public:
    static constexpr std::size_t kMaxKeys = 160 * 1024;
    static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

    // False when there is no more room; for the first key there always is.
    bool add(std::string_view key) {
        if (!ends_.empty() &&
            (ends_.size() == kMaxKeys || bytes_.size() + key.size() > kMaxBytes)) {
            return false;
        }
        bytes_ += key;
        ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
        return true;
    }

    void clear() {
        bytes_.clear();
        ends_.clear();
    }

    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

    // In the order in which they were added; good until the next change.
    [[nodiscard]] std::string_view operator[](std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::string_view{bytes_}.substr(begin, ends_[index] - begin);
    }

private:
    std::string bytes_;
    std::vector<std::uint32_t> ends_;
};

}  // namespace bitask
