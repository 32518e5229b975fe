#include "cli/progress_bar.hpp"

#include "bitask/streams.hpp"
#include "cli/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bitask::cli {
namespace {

constexpr int kStandardError = 2;
constexpr auto kInterval = std::chrono::milliseconds{100};
constexpr int kWidth = 30;
constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr const char* kWipe = "\r\x1b[K";  // to the beginning of the line, and clear it

}  // namespace

ProgressBar::ProgressBar(std::string label, const Messages& messages)
    : label_{std::move(label)}, shown_{!messages.quiet() && is_terminal(kStandardError)} {}

ProgressBar::~ProgressBar() {
    if (drawn_) {
        write_standard_error(kWipe);
    }
}

void ProgressBar::advance(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    if (!shown_) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kInterval) {
        return;
    }
    last_ = now;
    drawn_ = true;
    const auto done = static_cast<double>(done_bytes);
    if (total_bytes == 0) {
        write_standard_error(fmt::format("{}{}: {:.1f} MiB", kWipe, label_, done / kMebibyte));
        return;
    }
    const double share = std::min(1.0, done / static_cast<double>(total_bytes));
    const auto filled = static_cast<std::size_t>(share * kWidth);
    write_standard_error(fmt::format("{}{}: [{:-<{}}] {:3.0f} % of {:.1f} MiB", kWipe, label_,
                                     std::string(filled, '#'), kWidth, share * 100,
                                     static_cast<double>(total_bytes) / kMebibyte));
}

}  // namespace bitask::cli
