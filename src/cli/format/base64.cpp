#include "cli/format/base64.hpp"

#include "cli/format/gather.hpp"

#include <algorithm>
#include <cstdint>

namespace bitask::cli {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kPad = '=';
constexpr std::size_t kGroupBytes = 3;
constexpr std::size_t kGroupDigits = 4;  // that stand for them

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digit_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoDigit);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> kDigitValues = make_digit_values();

std::uint32_t byte_at(const char* bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

using Group = std::array<char, kGroupDigits>;

Group encode_group(const char* bytes) {
    const std::uint32_t bits =
        byte_at(bytes, 0) << 16U | byte_at(bytes, 1) << 8U | byte_at(bytes, 2);
    return {kAlphabet[bits >> 18U], kAlphabet[bits >> 12U & 63U], kAlphabet[bits >> 6U & 63U],
            kAlphabet[bits & 63U]};
}

void put_group(const char* bytes, Gather& gather) {
    const Group digits = encode_group(bytes);
    gather.put({digits.data(), digits.size()});
}

// `digits` is a group without its padding: two to four digits. False when it is not one that an
// encoder writes: a foreign character, or bits set that belong to no byte.
bool decode_group(std::string_view digits, Gather& gather) {
    std::uint32_t bits = 0;
    for (const char digit : digits) {
        const std::uint8_t value = kDigitValues[static_cast<unsigned char>(digit)];
        if (value == kNoDigit) {
            return false;
        }
        bits = bits << 6U | value;
    }
    bits <<= 6 * (kGroupDigits - digits.size());
    const std::array<char, kGroupBytes> bytes{
        static_cast<char>(bits >> 16U), static_cast<char>(bits >> 8U), static_cast<char>(bits)};
    const std::size_t size = digits.size() - 1;
    gather.put({bytes.data(), size});
    return (bits & (0xff'ffffU >> (8 * size))) == 0;
}

}  // namespace

void Base64Encoder::write(std::string_view bytes) {
    Gather gather{out_};
    while (size_ > 0 && !bytes.empty()) {
        group_[size_++] = bytes.front();
        bytes.remove_prefix(1);
        if (size_ == kGroupBytes) {
            put_group(group_.data(), gather);
            size_ = 0;
        }
    }
    for (; bytes.size() >= kGroupBytes; bytes.remove_prefix(kGroupBytes)) {
        put_group(bytes.data(), gather);
    }
    for (const char byte : bytes) {
        group_[size_++] = byte;
    }
    gather.flush();
}

void Base64Encoder::finish() {
    if (size_ == 0) {
        return;
    }
    std::fill(group_.begin() + size_, group_.end(), '\0');
    Group digits = encode_group(group_.data());
    std::fill(digits.begin() + size_ + 1, digits.end(), kPad);
    out_.write({digits.data(), digits.size()});
    size_ = 0;
}

bool decode_base64(std::string_view text, ByteSink& out) {
    if (text.size() % kGroupDigits != 0) {
        return false;
    }
    Gather gather{out};
    for (; text.size() > kGroupDigits; text.remove_prefix(kGroupDigits)) {
        if (!decode_group(text.substr(0, kGroupDigits), gather)) {
            return false;
        }
    }
    for (int pads = 0; pads < 2 && text.ends_with(kPad); ++pads) {
        text.remove_suffix(1);
    }
    if (!text.empty() && !decode_group(text, gather)) {
        return false;
    }
    gather.flush();
    return true;
}

}  // namespace bitask::cli
