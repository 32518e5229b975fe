#include "cli/writing.hpp"

#include "cli/quantities.hpp"

namespace bitask::cli {
namespace {

std::string no_changes(const ChangeWords& words) {
    return "no " + words.noun + " is " + words.done;
}

std::string outcome(const std::string& which, std::uint64_t number, const ChangeWords& words) {
    return number == 0 ? no_changes(words)
                       : "the " + which + (number == 1 ? " is " : " are ") + words.done;
}

std::string keep_changes(Writer& writer, std::uint64_t changes, const ChangeWords& words) {
    try {
        writer.commit();
        return outcome(counted(changes, words.noun) + " before it", changes, words);
    } catch (const Error&) {
        // It is the store that fails; what it has got already is found out below.
    }
    try {
        const std::uint64_t kept = writer.salvage();
        return outcome("first " + (kept == 1 ? words.noun : counted(kept, words.noun)), kept,
                       words);
    } catch (const Error&) {
        return "nobody can tell how many of the " + words.noun + "s before it are " + words.done;
    }
}

Error with_outcome(const Error& failure, const std::string& text) {
    return {failure.kind(), std::string{failure.what()} + "; " + text};
}

}  // namespace

WriterOptions writer_options(const WriteChoices& choices, const Context& context) {
    WriterOptions options;
    options.wait = choices.wait;
    options.max_log_size = choices.max_log_size;
    options.durability = choices.sync ? Durability::synced : Durability::unsynced;
    options.warn = [&context](const std::string& line) { context.messages.problem(line); };
    return options;
}

Error failed_before_changes(const Error& failure, const ChangeWords& words) {
    return with_outcome(failure, no_changes(words));
}

Error failed_after_changes(const Error& failure, const ChangeWords& words, Writer& writer,
                           std::uint64_t changes) {
    return with_outcome(failure, keep_changes(writer, changes, words));
}

}  // namespace bitask::cli
