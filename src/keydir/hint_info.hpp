#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bitask::keydir {

// What a reader of a hint has to know before it reads: the file itself has neither header nor
// trailer, so that a hint that nobody names means nothing.
struct HintInfo {
    std::uint64_t number = 0;          // names the file
    std::uint64_t pages = 0;           // size of the file
    std::uint64_t root_page = 0;       // where the root begins
    std::uint32_t root_pages = 0;      // size of the root
    std::uint32_t levels = 0;          // from the root to the leaves; 0 when there are no entries
    std::uint64_t log_table_page = 0;  // where the table of logs begins
    std::uint64_t logs = 0;            // how many of them there are
    std::uint64_t entries = 0;         // tombstones included
    std::uint64_t live_keys = 0;
    std::uint64_t live_bytes = 0;  // of records
    std::uint64_t max_timestamp = 0;
    std::uint32_t seed = 0;  // of the checksums

    friend bool operator==(const HintInfo&, const HintInfo&) = default;
};

// "17.hint"
[[nodiscard]] inline std::string hint_file_name(std::uint64_t number) {
    return std::to_string(number) + ".hint";
}

[[nodiscard]] inline bool is_hint_name(std::string_view file) {
    constexpr std::string_view kEnding = ".hint";
    return file.size() > kEnding.size() && file.ends_with(kEnding) &&
           file.find_first_not_of("0123456789") == file.size() - kEnding.size();
}

}  // namespace bitask::keydir
