#include "cli/format/dump_bytes.hpp"

#include "bitask/error.hpp"
#include "cli/format/gather.hpp"
#include "cli/format/hex_digit.hpp"

#include <optional>

namespace bitask::cli {

namespace {

constexpr EscapeTable make_escapes(DumpForm form) {
    EscapeTable table;
    for (unsigned byte = 0; byte <= 0xff; ++byte) {
        const bool visible = byte >= 0x20 && byte < 0x7f;
        if (form == DumpForm::bytevalue) {
            table.set_hex(static_cast<char>(byte), "");
        } else if (!visible) {
            table.set_hex(static_cast<char>(byte), "\\");
        }
    }
    if (form == DumpForm::print) {
        table.set_hex('\\', "\\");  // \\ would do, too, but LMDB 0.9.24 loads it wrong
    }
    return table;
}

constexpr EscapeTable kBytevalue = make_escapes(DumpForm::bytevalue);
constexpr EscapeTable kPrint = make_escapes(DumpForm::print);

unsigned checked(std::optional<unsigned> digit) {
    if (!digit) {
        throw Error{ErrorKind::usage, "not a hex digit where one should be"};
    }
    return *digit;
}

}  // namespace

const EscapeTable& dump_escapes(DumpForm form) noexcept {
    return form == DumpForm::print ? kPrint : kBytevalue;
}

void DumpDecoder::write(std::string_view text) {
    Gather gather{out_};
    for (const char symbol : text) {
        if (state_ == State::plain && form_ == DumpForm::print) {
            if (symbol == '\\') {
                state_ = State::escape;
            } else {
                gather.put(symbol);
            }
        } else if (state_ == State::escape && symbol == '\\') {
            gather.put(symbol);
            state_ = State::plain;
        } else if (state_ == State::second_digit) {
            gather.put(static_cast<char>(first_digit_ << 4U | checked(hex_digit(symbol))));
            state_ = State::plain;
        } else {
            first_digit_ = checked(hex_digit(symbol));
            state_ = State::second_digit;
        }
    }
    gather.flush();
}

void DumpDecoder::finish() const {
    if (state_ != State::plain) {
        throw Error{ErrorKind::usage, "a line of data ends in the middle of a byte"};
    }
}

}  // namespace bitask::cli
