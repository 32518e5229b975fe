#include "cli/format/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bitask::cli {

namespace {

constexpr unsigned char kLow = 0x80;
constexpr unsigned char kHigh = 0xbf;

// The number of ASCII bytes at the front, rounded down to whole words: most text is ASCII, and is
// passed over here eight bytes at a time.
std::size_t ascii_words(std::string_view bytes) {
    constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
    std::size_t size = 0;
    std::uint64_t word = 0;
    while (bytes.size() - size >= sizeof word) {
        std::memcpy(&word, bytes.data() + size, sizeof word);
        if ((word & kHighBits) != 0) {
            break;
        }
        size += sizeof word;
    }
    return size;
}

}  // namespace

void Utf8Check::write(std::string_view bytes) {
    std::size_t at = 0;
    while (valid_ && at < bytes.size()) {
        if (missing_ > 0) {
            go_on(static_cast<unsigned char>(bytes[at++]));
            continue;
        }
        at += ascii_words(bytes.substr(at));
        if (at < bytes.size()) {
            begin_character(static_cast<unsigned char>(bytes[at++]));
        }
    }
}

void Utf8Check::begin_character(unsigned char lead) {
    low_ = kLow;
    high_ = kHigh;
    if (lead < 0x80) {
        return;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {  // 0xc0 and 0xc1 would be overlong
        missing_ = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        missing_ = 2;
        low_ = lead == 0xe0 ? 0xa0 : kLow;    // below: overlong
        high_ = lead == 0xed ? 0x9f : kHigh;  // above: surrogates
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        missing_ = 3;
        low_ = lead == 0xf0 ? 0x90 : kLow;    // below: overlong
        high_ = lead == 0xf4 ? 0x8f : kHigh;  // above: more than U+10FFFF
    } else {
        valid_ = false;
    }
}

void Utf8Check::go_on(unsigned char byte) {
    valid_ = byte >= low_ && byte <= high_;
    low_ = kLow;
    high_ = kHigh;
    --missing_;
}

bool is_utf8(std::string_view bytes) {
    Utf8Check check;
    check.write(bytes);
    return check.valid();
}

}  // namespace bitask::cli
