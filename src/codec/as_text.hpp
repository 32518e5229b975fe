#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace bitask::codec {

// The same bytes, for what takes text.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace bitask::codec
