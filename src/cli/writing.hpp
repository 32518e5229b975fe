#pragma once

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/requests.hpp"

#include <cstdint>
#include <string>

// What commands that write have in common.
namespace bitask::cli {

// The options that these choices mean for the store.
[[nodiscard]] WriterOptions writer_options(const WriteChoices& choices, const Context& context);

// How a command that makes many changes speaks of them: "pair", "stored".
struct ChangeWords {
    std::string noun;
    std::string done;
};

// The failure, its message with "; no pair is stored".
[[nodiscard]] Error failed_before_changes(const Error& failure, const ChangeWords& words);

// Keeps the changes that came before the failure, so many as are given, and returns the failure
// with how many of them are really there: "; the 3 pairs before it are stored".
[[nodiscard]] Error failed_after_changes(const Error& failure, const ChangeWords& words,
                                         Writer& writer, std::uint64_t changes);

}  // namespace bitask::cli
