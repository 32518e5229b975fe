#include "cli/format/escape_table.hpp"

#include "cli/format/gather.hpp"

#include <algorithm>
#include <bit>

namespace bitask::cli {

// So many bytes are looked at together, which is a few instructions to a compiler.
inline bool EscapeTable::has_marked(const char* block) const {
    const std::uint8_t below = marked_below_;
    const auto last_plain = static_cast<std::uint8_t>(marked_from_ - 1);
    const auto [first, second, third] = marked_;
    std::array<std::uint8_t, kBlock> marks{};
    for (std::size_t i = 0; i < kBlock; ++i) {
        const auto byte = static_cast<std::uint8_t>(block[i]);
        marks[i] = static_cast<std::uint8_t>(
            (byte < below ? 0xFF : 0) | (byte > last_plain ? 0xFF : 0) |
            (byte == first ? 0xFF : 0) | (byte == second ? 0xFF : 0) | (byte == third ? 0xFF : 0));
    }
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(marks);
    return (halves[0] | halves[1]) != 0;
}

std::size_t EscapeTable::plain_prefix(std::string_view text) const {
    std::size_t at = 0;
    if (text.size() >= kBlock) {
        const std::size_t last = text.size() - kBlock;  // where it overlaps the block before it
        while (!has_marked(&text[at])) {
            if (at == last) {
                return text.size();
            }
            at = std::min(at + kBlock, last);
        }
    }
    while (at < text.size() && (*this)[text[at]].empty()) {
        ++at;
    }
    return at;
}

void write_escaped(std::string_view bytes, const EscapeTable& escapes, ByteSink& out) {
    const std::size_t plain = escapes.plain_prefix(bytes);
    if (plain == bytes.size()) {
        out.write(bytes);
        return;
    }
    Gather gather{out};
    for (std::size_t size = plain; !bytes.empty(); size = escapes.plain_prefix(bytes)) {
        gather.put(bytes.substr(0, size));
        bytes.remove_prefix(size);
        if (!bytes.empty()) {
            gather.put(escapes[bytes.front()]);
            bytes.remove_prefix(1);
        }
    }
    gather.flush();
}

}  // namespace bitask::cli
