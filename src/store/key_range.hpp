#pragma once

#include "bitask/reader.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bitask::store {

// The part of the key space that a range covers, as bounds that a walk can stop at.
class KeyRange {
public:
    explicit KeyRange(const Range& range)
        : from_{std::max(range.prefix, range.from)}, to_{range.to} {
        if (auto end = prefix_end(range.prefix); end && (!to_ || *end < *to_)) {
            to_ = std::move(end);
        }
    }

    [[nodiscard]] const std::string& from() const noexcept { return from_; }
    [[nodiscard]] const std::optional<std::string>& to() const noexcept { return to_; }
    [[nodiscard]] bool contains(std::string_view key) const {
        return key >= from_ && ends_behind(key);
    }
    [[nodiscard]] bool ends_behind(std::string_view key) const { return !to_ || key < *to_; }

private:
    // The first key behind all that begin with the prefix; nothing when there is none.
    static std::optional<std::string> prefix_end(std::string prefix) {
        while (!prefix.empty() && prefix.back() == '\xFF') {
            prefix.pop_back();
        }
        if (prefix.empty()) {
            return std::nullopt;
        }
        prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
        return prefix;
    }

    std::string from_;
    std::optional<std::string> to_;
};

}  // namespace bitask::store
