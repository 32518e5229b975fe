#include "cli/format/escape_table.hpp"

#include "cli/format/gather.hpp"

namespace bitask::cli {

std::size_t EscapeTable::plain_prefix(std::string_view text) const {
    // Eight at a time: most text has nothing to escape, and then there is one branch for eight.
    constexpr std::size_t kStep = 8;
    const auto escaped = [this, text](std::size_t at) {
        return escaped_[static_cast<unsigned char>(text[at])];
    };
    std::size_t at = 0;
    while (text.size() - at >= kStep) {
        unsigned any = 0;
        for (std::size_t i = 0; i < kStep; ++i) {
            any |= escaped(at + i);
        }
        if (any != 0) {
            break;
        }
        at += kStep;
    }
    while (at < text.size() && escaped(at) == 0) {
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
