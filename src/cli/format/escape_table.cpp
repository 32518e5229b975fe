#include "cli/format/escape_table.hpp"

#include "cli/format/gather.hpp"

#include <algorithm>

namespace bitask::cli {

void write_escaped(std::string_view bytes, const EscapeTable& escapes, ByteSink& out) {
    Gather gather{out};
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
        const char* const special =
            std::find_if(at, end, [&](char byte) { return !escapes[byte].empty(); });
        gather.put({at, static_cast<std::size_t>(special - at)});
        at = special;
        if (at != end) {
            gather.put(escapes[*at]);
            ++at;
        }
    }
    gather.flush();
}

}  // namespace bitask::cli
