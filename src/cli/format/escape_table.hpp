#pragma once

#include "bitask/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bitask::cli {

// What stands for each byte in an escaped text. A byte without an escape stands for itself.
class EscapeTable {
public:
    static constexpr std::size_t kMaxEscape = 6;  // as in \u001f

    constexpr void set(char byte, std::string_view escape) {
        Entry& entry = entries_[static_cast<unsigned char>(byte)];
        for (std::size_t i = 0; i < escape.size(); ++i) {
            entry.text[i] = escape[i];
        }
        entry.size = static_cast<std::uint8_t>(escape.size());
        mark(static_cast<unsigned char>(byte));
    }

    // `prefix` and two lower-case hex digits.
    constexpr void set_hex(char byte, std::string_view prefix) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto number = static_cast<unsigned char>(byte);
        set(byte, prefix);
        Entry& entry = entries_[number];
        entry.text[entry.size++] = kDigits[number >> 4U];
        entry.text[entry.size++] = kDigits[number & 0xFU];
    }

    // How many bytes at the front of the text stand for themselves.
    [[nodiscard]] std::size_t plain_prefix(std::string_view text) const;

    // Empty: the byte stands for itself.
    [[nodiscard]] constexpr std::string_view operator[](char byte) const {
        const Entry& entry = entries_[static_cast<unsigned char>(byte)];
        return {entry.text.data(), entry.size};
    }

private:
    struct Entry {
        std::array<char, kMaxEscape> text{};
        std::uint8_t size = 0;
    };

    // The byte may have to be escaped.
    constexpr void mark(unsigned char byte) {
        if (byte < 0x20) {
            marked_below_ = 0x20;
        } else if (byte >= 0x80) {
            marked_from_ = 0x80;
        } else {
            for (std::uint8_t& other : marked_) {
                if (other == byte) {
                    return;
                }
                if (other == 0) {
                    other = byte;
                    return;
                }
            }
            marked_below_ = 0x80;  // too many to be named
        }
    }

    static constexpr std::size_t kBlock = 16;  // bytes

    // Whether a block has a byte that has to be looked up.
    [[nodiscard]] bool has_marked(const char* block) const;

    std::array<Entry, 256> entries_{};

    // Which bytes have to be looked up: those below one, those from another on, and some between.
    // Other bytes have no escapes.
    std::uint8_t marked_below_ = 0;
    unsigned marked_from_ = 0x100;
    std::array<std::uint8_t, 3> marked_{};  // 0: none
};

void write_escaped(std::string_view bytes, const EscapeTable& escapes, ByteSink& out);

// Escapes all that is written to it on the way to another sink.
class EscapingSink final : public ByteSink {
public:
    EscapingSink(const EscapeTable& escapes, ByteSink& out) : escapes_{escapes}, out_{out} {}

    void write(std::string_view bytes) override { write_escaped(bytes, escapes_, out_); }

private:
    const EscapeTable& escapes_;
    ByteSink& out_;
};

}  // namespace bitask::cli
