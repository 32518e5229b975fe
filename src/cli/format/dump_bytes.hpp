#pragma once

#include "cli/format/escape_table.hpp"

#include <string_view>

// How keys and values stand in a dump.
namespace bitask::cli {

enum class DumpForm {
    bytevalue,  // two hex digits for each byte
    print,      // what can be seen as it is; \hh for other bytes, and \\ or \5c for a backslash
};

[[nodiscard]] const EscapeTable& dump_escapes(DumpForm form) noexcept;

// Takes a text in such a form back to bytes on its way to another sink. It may come in pieces of
// any size. Both functions throw Error (usage) for what no dump holds.
class DumpDecoder final : public ByteSink {
public:
    DumpDecoder(DumpForm form, ByteSink& out) : form_{form}, out_{out} {}

    void write(std::string_view text) override;
    void finish() const;  // to be called at the end of the text

private:
    enum class State { plain, escape, second_digit };

    DumpForm form_;
    ByteSink& out_;
    State state_ = State::plain;
    unsigned first_digit_ = 0;
};

}  // namespace bitask::cli
