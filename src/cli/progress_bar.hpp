#pragma once

#include "bitask/progress.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace bitask::cli {

class Messages;

// One line on standard error, drawn anew a few times a second and wiped off at the end. Shown only
// on a terminal, and not when messages are unwanted.
class ProgressBar : public Progress {
public:
    ProgressBar(std::string label, const Messages& messages);
    ~ProgressBar() override;
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // With an unknown total, 0, only the amount is shown.
    void advance(std::uint64_t done_bytes, std::uint64_t total_bytes) override;

private:
    std::string label_;
    bool shown_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace bitask::cli
