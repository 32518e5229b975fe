#pragma once

#include "bitask/progress.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace bitask::cli {

class Messages;

// One line on standard error, drawn anew a few times a second and wiped off at the end. Shown only
// on a terminal, not when messages are unwanted, and not for work that is done at once.
class ProgressBar : public Progress {
public:
    ProgressBar(std::string label, Messages& messages);
    ~ProgressBar() override;
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // With an unknown total, 0, only the amount is shown.
    void advance(std::uint64_t done_bytes, std::uint64_t total_bytes) override;

private:
    std::string label_;
    Messages& messages_;
    bool shown_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace bitask::cli
