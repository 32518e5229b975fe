// Writes records for benchmarks: keys of 16 hexadecimal digits, values of 100 bytes, each key
// once, in random order, the same ones each time. Ten keys at a time share their first 15 digits.
//
// usage: bitask_bench_records tsv|cdb|gdbm|keys COUNT
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kValueSize = 100;
constexpr std::uint64_t kMask = (std::uint64_t{1} << 60U) - 1;

// Takes each number of 60 bits to another one: what is odd is multiplied back, what is shifted is
// shifted back.
std::uint64_t mix(std::uint64_t number) {
    constexpr std::uint64_t kOdd1 = 0x9E3779B97F4A7C15;
    constexpr std::uint64_t kOdd2 = 0xBF58476D1CE4E5B9;
    number = (number * kOdd1) & kMask;
    number ^= number >> 31U;
    number = (number * kOdd2) & kMask;
    number ^= number >> 29U;
    return number;
}

class Records {
public:
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
    std::uint64_t count_;
    std::uint64_t step_;
    std::string key_;
    std::string value_;
};

std::string in_format(std::string_view format, const Records& records) {
    const std::string& key = records.key();
    const std::string& value = records.value();
    if (format == "keys") {
        return key + "\n";
    }
    if (format == "cdb") {
        return "+" + std::to_string(key.size()) + "," + std::to_string(value.size()) + ":" + key +
               "->" + value + "\n";
    }
    if (format == "gdbm") {
        return "store " + key + " " + value + "\n";
    }
    return key + "\t" + value + "\n";
}

}  // namespace

int main(int argc, char** argv) {
    const std::span arguments{argv, static_cast<std::size_t>(argc)};
    std::uint64_t count = 0;
    if (arguments.size() == 3) {
        const std::string_view number{arguments[2]};
        std::from_chars(number.data(), number.data() + number.size(), count);
    }
    if (count == 0) {
        std::fputs("usage: bitask_bench_records tsv|cdb|gdbm|keys COUNT\n", stderr);
        return EXIT_FAILURE;
    }
    const std::string_view format{arguments[1]};
    Records records{count};
    for (std::uint64_t place = 0; place < count; ++place) {
        records.take(place);
        const std::string text = in_format(format, records);
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
            return EXIT_FAILURE;
        }
    }
    if (format == "cdb") {
        std::fputs("\n", stdout);
    }
    return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
