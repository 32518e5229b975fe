#pragma once

#include "cli/format/escape_table.hpp"

#include <string>
#include <string_view>

// The escapes of the tsv format, which messages and lists of keys share:
// \t \n \r \0 \\ and \xHH for every other byte below 0x20 and for 0x7f. Bytes from 0x80 on stand
// for themselves.
namespace bitask::cli {

[[nodiscard]] const EscapeTable& tsv_escapes() noexcept;

// Takes the escapes out of one text on its way to another sink. The text may come in pieces that
// end inside an escape. Any \xHH is understood, in either case; for other escapes both functions
// throw Error (usage).
class Unescaper final : public ByteSink {
public:
    explicit Unescaper(ByteSink& out) : out_{out} {}

    void write(std::string_view bytes) override;
    void finish() const;  // to be called at the end of the text

private:
    ByteSink& out_;
    std::string pending_;  // an escape whose end has not come yet
};

// A key as messages show it: in double quotes, escaped as above and with \" for a double quote, and
// with \xHH for bytes that are not UTF-8 and for U+0080 to U+009F, which terminals obey. Of a very
// long key only the beginning, the end and the length.
[[nodiscard]] std::string in_quotes(std::string_view key);

// A whole message, in which paths and words of the user's may hold anything: as one line that a
// terminal can only show. Leaves alone what in_quotes() has made.
[[nodiscard]] std::string in_one_line(std::string_view message);

}  // namespace bitask::cli
