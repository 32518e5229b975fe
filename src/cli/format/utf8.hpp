#pragma once

#include "bitask/bytes.hpp"

#include <string_view>

namespace bitask::cli {

// Tells whether the bytes written to it, in pieces cut anywhere, are UTF-8 as Unicode defines it:
// no overlong forms, no surrogates, nothing above U+10FFFF.
class Utf8Check final : public ByteSink {
public:
    void write(std::string_view bytes) override;

    // Of all bytes so far; false inside a character.
    [[nodiscard]] bool valid() const noexcept { return valid_ && missing_ == 0; }

private:
    void begin_character(unsigned char lead);
    void go_on(unsigned char byte);

    bool valid_ = true;
    unsigned missing_ = 0;  // bytes of the character at hand
    // The range of the next of them. It differs from 0x80 to 0xbf after some lead bytes only.
    unsigned char low_ = 0;
    unsigned char high_ = 0;
};

[[nodiscard]] bool is_utf8(std::string_view bytes);

}  // namespace bitask::cli
