#include "cli/format/escape_table.hpp"

#include "cli/format/gather.hpp"

namespace bitask::cli {

std::size_t EscapeTable::plain_prefix(std::string_view text) const {
    // Many at a time, which is a few instructions to a compiler: most text has nothing to escape.
    constexpr std::size_t kStep = 16;
    const std::uint8_t below = marked_below_;
    const auto last_plain = static_cast<std::uint8_t>(marked_from_ - 1);
    const auto [first, second, third] = marked_;
    std::size_t at = 0;
    while (text.size() - at >= kStep) {
        unsigned any = 0;
        for (std::size_t i = 0; i < kStep; ++i) {
            const auto byte = static_cast<std::uint8_t>(text[at + i]);
            any |= static_cast<unsigned>(byte < below) | static_cast<unsigned>(byte > last_plain) |
                   static_cast<unsigned>(byte == first) | static_cast<unsigned>(byte == second) |
                   static_cast<unsigned>(byte == third);
        }
        if (any != 0) {
            break;
        }
        at += kStep;
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
