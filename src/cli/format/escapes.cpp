#include "cli/format/escapes.hpp"

#include "bitask/error.hpp"
#include "cli/format/gather.hpp"
#include "cli/format/hex_digit.hpp"
#include "cli/format/utf8.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace bitask::cli {

namespace {

constexpr EscapeTable make_tsv_escapes() {
    EscapeTable table;
    for (char byte = 0; byte < 0x20; ++byte) {
        table.set_hex(byte, "\\x");
    }
    table.set_hex(0x7f, "\\x");
    table.set('\t', "\\t");
    table.set('\n', "\\n");
    table.set('\r', "\\r");
    table.set('\0', "\\0");
    table.set('\\', "\\\\");
    return table;
}

// For messages. Bytes that make visible characters never get as far as the table.
constexpr EscapeTable make_line_escapes() {
    EscapeTable table = make_tsv_escapes();
    table.set('\\', "");
    for (unsigned byte = 0x80; byte <= 0xff; ++byte) {
        table.set_hex(static_cast<char>(byte), "\\x");
    }
    return table;
}

constexpr EscapeTable make_key_escapes() {
    EscapeTable table = make_line_escapes();
    table.set('\\', "\\\\");
    table.set('"', "\\\"");
    return table;
}

constexpr EscapeTable kTsvEscapes = make_tsv_escapes();
constexpr EscapeTable kLineEscapes = make_line_escapes();
constexpr EscapeTable kKeyEscapes = make_key_escapes();

// The last byte of `escape` is the wrong one. It may be anything, and the message must be one line
// of text all the same.
[[noreturn]] void throw_unknown(std::string_view escape) {
    const char last = escape.back();
    std::string message = "unknown escape ";
    if (last > 0x20 && last < 0x7f) {
        message += escape;
    } else {
        EscapeTable byte;
        byte.set_hex(last, "0x");
        message += escape.substr(0, escape.size() - 1);
        message += " followed by byte ";
        message += byte[last];
    }
    throw Error{ErrorKind::usage, std::move(message)};
}

// The byte that `escape` stands for, nothing while it is not complete.
std::optional<char> decode(std::string_view escape) {
    if (escape.size() == 1) {
        return std::nullopt;
    }
    switch (escape[1]) {
        case 't': return '\t';
        case 'n': return '\n';
        case 'r': return '\r';
        case '0': return '\0';
        case '\\': return '\\';
        case 'x': break;
        default: throw_unknown(escape);
    }
    unsigned number = 0;
    for (const char digit : escape.substr(2)) {
        const std::optional<unsigned> value = hex_digit(digit);
        if (!value) {
            throw_unknown(escape);
        }
        number = number * 16 + *value;
    }
    return escape.size() == 4 ? std::optional{static_cast<char>(number)} : std::nullopt;
}

// A cut that would fall inside a UTF-8 character goes before or behind it.
bool is_inside_character(std::string_view text, std::size_t cut) {
    return (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80;
}

// The size of the character at the front; 1, a byte to escape, where there is none, or one that
// controls terminals.
std::size_t character_size(std::string_view text) {
    constexpr std::size_t kLongest = 4;
    for (std::size_t size = 1; size <= std::min(kLongest, text.size()); ++size) {
        const std::string_view character = text.substr(0, size);
        if (is_utf8(character)) {
            const bool control = character >= "\xc2\x80" && character <= "\xc2\x9f";
            return control ? 1 : size;
        }
    }
    return 1;
}

void append_visible(std::string& line, std::string_view text, const EscapeTable& escapes) {
    while (!text.empty()) {
        const std::string_view character = text.substr(0, character_size(text));
        const std::string_view escape = character.size() == 1 ? escapes[text.front()] : "";
        line += escape.empty() ? character : escape;
        text.remove_prefix(character.size());
    }
}

}  // namespace

const EscapeTable& tsv_escapes() noexcept {
    return kTsvEscapes;
}

void Unescaper::write(std::string_view bytes) {
    Gather gather{out_};
    while (!bytes.empty()) {
        if (pending_.empty()) {
            const std::string_view plain = bytes.substr(0, bytes.find('\\'));
            gather.put(plain);
            bytes.remove_prefix(plain.size());
            if (bytes.empty()) {
                break;
            }
        }
        pending_ += bytes.front();
        bytes.remove_prefix(1);
        if (const std::optional<char> byte = decode(pending_)) {
            gather.put(*byte);
            pending_.clear();
        }
    }
    gather.flush();
}

void Unescaper::finish() const {
    if (!pending_.empty()) {
        throw Error{ErrorKind::usage, "unfinished escape " + pending_};
    }
}

std::string in_quotes(std::string_view key) {
    constexpr std::size_t kLongest = 200;
    constexpr std::size_t kEnd = 96;  // shown of either end of a longer key
    constexpr std::size_t kMaxShift = 3;
    std::string text = "\"";
    if (key.size() <= kLongest) {
        append_visible(text, key, kKeyEscapes);
        return text + '"';
    }
    std::size_t head = kEnd;
    while (head > kEnd - kMaxShift && is_inside_character(key, head)) {
        --head;
    }
    std::size_t tail = key.size() - kEnd;
    while (tail < key.size() - kEnd + kMaxShift && is_inside_character(key, tail)) {
        ++tail;
    }
    append_visible(text, key.substr(0, head), kKeyEscapes);
    text += "...";
    append_visible(text, key.substr(tail), kKeyEscapes);
    return text + "\" (" + std::to_string(key.size()) + " bytes)";
}

std::string in_one_line(std::string_view message) {
    std::string line;
    append_visible(line, message, kLineEscapes);
    return line;
}

}  // namespace bitask::cli
