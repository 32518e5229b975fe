#pragma once

#include "bitask/bytes.hpp"

#include <array>
#include <cstddef>
#include <string_view>

// Base64 as in RFC 4648, section 4: the alphabet with + and /, padded, without line breaks.
namespace bitask::cli {

// Encodes what is written to it, in pieces of any size, on the way to another sink.
class Base64Encoder final : public ByteSink {
public:
    explicit Base64Encoder(ByteSink& out) : out_{out} {}

    void write(std::string_view bytes) override;
    void finish();  // writes the last group and its padding; to be called once, at the end

private:
    ByteSink& out_;
    std::array<char, 3> group_{};  // bytes that do not make a whole group yet
    std::size_t size_ = 0;
};

// False when the text is anything but what Base64Encoder writes for some bytes; part of them may
// have been written then.
[[nodiscard]] bool decode_base64(std::string_view text, ByteSink& out);

}  // namespace bitask::cli
