#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Numbers as users write and read them. Nothing for text that is none, or one out of range.
namespace bitask::cli {

// Seconds, fractions allowed: "0", "1.5". At most ten years.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

// Bytes, or with a suffix K, M or G multiples of 1024: "4096", "4K". At least 1.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// Megabytes a second, fractions allowed, as bytes a second: "20", "0.5". Above 0.
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);

// 0 to 100, fractions allowed.
[[nodiscard]] std::optional<double> parse_percent(std::string_view text);

[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);

// For messages: "1 pair", "2 pairs".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace bitask::cli
