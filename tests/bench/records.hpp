#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>

namespace bitask::bench {

// Records for benchmarks: keys of 16 hexadecimal digits, values of 100 bytes, each key once, in
// random order, the same ones each time. Ten keys at a time share their first 15 digits; the last
// one is never a letter.
class Records {
public:
    static constexpr std::size_t kKeySize = 16;
    static constexpr std::size_t kValueSize = 100;

    explicit Records(std::uint64_t count) : count_{count}, step_{count * 618 / 1000 + 1} {
        while (std::gcd(step_, count_) != 1) {
            ++step_;
        }
    }

    // The one that stands at this place in the order; valid until the next call.
    void take(std::uint64_t place) {
        const std::uint64_t index = place % count_ * step_ % count_;
        key_.clear();
        const std::uint64_t group = mix(index / 10 + 1);
        for (int shift = 56; shift >= 0; shift -= 4) {
            key_ += "0123456789abcdef"[group >> static_cast<unsigned>(shift) & 15U];
        }
        key_ += static_cast<char>('0' + index % 10);
        value_.clear();
        for (std::uint64_t state = index + 1; value_.size() < kValueSize;) {
            state = mix(state);
            for (unsigned shift = 0; shift < 60 && value_.size() < kValueSize; shift += 5) {
                value_ += "abcdefghijklmnopqrstuvwxyz012345"[state >> shift & 31U];
            }
        }
    }

    [[nodiscard]] const std::string& key() const noexcept { return key_; }
    [[nodiscard]] const std::string& value() const noexcept { return value_; }

private:
    // Takes each number of 60 bits to another one: what is odd is multiplied back, what is shifted
    // is shifted back.
    static std::uint64_t mix(std::uint64_t number) {
        constexpr std::uint64_t kOdd1 = 0x9E3779B97F4A7C15;
        constexpr std::uint64_t kOdd2 = 0xBF58476D1CE4E5B9;
        constexpr std::uint64_t kMask = (std::uint64_t{1} << 60U) - 1;
        number = (number * kOdd1) & kMask;
        number ^= number >> 31U;
        number = (number * kOdd2) & kMask;
        number ^= number >> 29U;
        return number;
    }

    std::uint64_t count_;
    std::uint64_t step_;
    std::string key_;
    std::string value_;
};

}  // namespace bitask::bench
