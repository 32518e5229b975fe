#include "cli/format/key_lines.hpp"

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "cli/format/escapes.hpp"
#include "cli/format/key_sink.hpp"
#include "cli/format/position.hpp"

namespace bitask::cli {

KeyLines::KeyLines(Input& input, KeyEnding ending)
    : ending_{ending}, keys_{input, ending == KeyEnding::newline ? '\n' : '\0'} {}

bool KeyLines::next(std::string& key) {
    key.clear();
    if (!keys_.next()) {
        return false;
    }
    try {
        KeySink sink{key};
        if (ending_ == KeyEnding::newline) {
            Unescaper unescaper{sink};
            keys_.drain_to(unescaper);
            unescaper.finish();
        } else {
            keys_.drain_to(sink);
        }
        check_key(key);
    } catch (const Error& error) {
        throw at_position(ending_ == KeyEnding::newline
                              ? line_of(keys_.input(), keys_.number())
                              : item_of(keys_.input(), "key", keys_.number()),
                          error);
    }
    return true;
}

}  // namespace bitask::cli
