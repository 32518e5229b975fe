#pragma once

#include "io/environment.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace bitask::store {

// Keeps a long piece of work from taking a disk for itself: waits whenever more bytes have been
// moved than the rate allows for the time that has passed.
class Pacer {
public:
    // Bytes a second; 0 for no limit. Waits no more once `in_a_hurry` says yes.
    Pacer(io::Environment& environment, std::uint64_t rate, std::function<bool()> in_a_hurry)
        : environment_{environment}, rate_{rate}, in_a_hurry_{std::move(in_a_hurry)} {}

    void moved(std::uint64_t bytes) {
        if (rate_ == 0) {
            return;
        }
        bytes_ += bytes;
        ahead_ += bytes;
        if (ahead_ >= kPiece || ahead_ >= rate_ / kChecksASecond) {
            ahead_ = 0;
            wait();
        }
    }

private:
    static constexpr std::uint64_t kPiece = 256 * 1024;
    static constexpr std::uint64_t kChecksASecond = 20;

    void wait() {
        const std::chrono::duration<double> due{static_cast<double>(bytes_) /
                                                static_cast<double>(rate_)};
        const auto rest = [this, due] { return due - (std::chrono::steady_clock::now() - begin_); };
        constexpr std::chrono::milliseconds kShortest{1};
        constexpr std::chrono::milliseconds kLongest{100};  // before it asks for a hurry again
        while (rest() > kShortest && !in_a_hurry_()) {
            environment_.sleep(
                std::min(std::chrono::duration_cast<std::chrono::milliseconds>(rest()), kLongest));
        }
    }

    io::Environment& environment_;
    std::uint64_t rate_;
    std::function<bool()> in_a_hurry_;
    std::uint64_t bytes_ = 0;
    std::uint64_t ahead_ = 0;  // since the last look at the time
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace bitask::store
