#include "cli/quantities.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace bitask::cli {
namespace {

constexpr double kMaxSeconds = 10.0 * 365 * 24 * 3600;
constexpr double kMegabyte = 1e6;
constexpr double kMaxMegabytes = 1e9;

// Nothing unless all of the text is the number.
template <typename Number>
std::optional<Number> parse_all(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

int shift_of_suffix(char suffix) {
    switch (suffix) {
        case 'K':
        case 'k': return 10;
        case 'M':
        case 'm': return 20;
        case 'G':
        case 'g': return 30;
        default: return 0;
    }
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) {
    const auto seconds = parse_all<double>(text);
    if (!seconds || !(*seconds >= 0 && *seconds <= kMaxSeconds)) {
        return std::nullopt;
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(*seconds * 1000))};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const int shift = text.empty() ? 0 : shift_of_suffix(text.back());
    if (shift != 0) {
        text.remove_suffix(1);
    }
    const auto number = parse_count(text);
    if (!number || *number == 0 || *number > UINT64_MAX >> shift) {
        return std::nullopt;
    }
    return *number << shift;
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
    const auto megabytes = parse_all<double>(text);
    if (!megabytes || !(*megabytes > 0 && *megabytes <= kMaxMegabytes)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::ceil(*megabytes * kMegabyte));
}

std::optional<double> parse_percent(std::string_view text) {
    const auto percent = parse_all<double>(text);
    if (!percent || !(*percent >= 0 && *percent <= 100)) {
        return std::nullopt;
    }
    return percent;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    return parse_all<std::uint64_t>(text);
}

std::string counted(std::uint64_t number, std::string_view noun) {
    std::string text = std::to_string(number) + ' ';
    text.append(noun);
    return number == 1 ? text : text + 's';
}

}  // namespace bitask::cli
