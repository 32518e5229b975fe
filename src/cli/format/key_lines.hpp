#pragma once

#include "cli/format/segments.hpp"

#include <string>

namespace bitask::cli {

// How keys stand in the input of `get --stdin` and `rm --stdin`.
enum class KeyEnding {
    newline,  // a key a line, in the escapes of the tsv format
    nul,      // keys as they are, each closed by a NUL byte
};

// Reads keys one after the other. The last one may lack its ending.
class KeyLines {
public:
    KeyLines(Input& input, KeyEnding ending);

    // False at the end of the input. Throws Error (usage), its message beginning with the input's
    // name and the line (or, where there are no lines, the number of the key), for an empty,
    // malformed or too long key; nothing is to be read after that.
    bool next(std::string& key);

private:
    KeyEnding ending_;
    Segments keys_;
};

}  // namespace bitask::cli
