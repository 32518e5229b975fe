#pragma once

#include <string>
#include <string_view>

namespace bitask {
class ValueBuilder;
}

namespace bitask::cli {

// Takes one line of the json format apart and appends to `key` and `value`, which are empty. The
// line must be one object with exactly one of "key" and "key_base64" and exactly one of "value"
// and "value_base64", all strings, and nothing else. Throws Error (usage) otherwise.
void parse_json_pair(std::string_view line, std::string& key, ValueBuilder& value);

}  // namespace bitask::cli
