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

}  // namespace

ProgressBar::ProgressBar(std::string label, Messages& messages)
    : label_{std::move(label)},
      messages_{messages},
      shown_{!messages.quiet() && is_terminal(kStandardError)} {}

ProgressBar::~ProgressBar() {
    messages_.wipe_progress();
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
    const auto done = static_cast<double>(done_bytes);
    if (total_bytes == 0) {
        messages_.show_progress(fmt::format("{}: {:.1f} MiB", label_, done / kMebibyte));
        return;
    }
    const double share = std::min(1.0, done / static_cast<double>(total_bytes));
    const auto filled = static_cast<std::size_t>(share * kWidth);
    messages_.show_progress(fmt::format("{}: [{:-<{}}] {:3.0f} % of {:.1f} MiB", label_,
                                        std::string(filled, '#'), kWidth, share * 100,
                                        static_cast<double>(total_bytes) / kMebibyte));
}

}  // namespace bitask::cli
