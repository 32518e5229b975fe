#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace bitask::cli {

// What a command has to say beside its results: one line each on standard error,
// "bitask: <command>: <text>".
class Messages {
public:
    // The name of the command; empty while none is known.
    void set_command(std::string command) { command_ = std::move(command); }
    void set_quiet(bool quiet) { quiet_ = quiet; }
    void set_verbose(bool verbose) { verbose_ = verbose; }

    // For failures and warnings. Silent when quiet.
    void problem(std::string_view text);

    // For wrong usage, which is said even when quiet: the user is still writing the script.
    void usage(std::string_view text);

    // What was done. Only when verbose.
    void done(std::string_view text);

    // A line that stays the last one on a terminal, in place of the one shown before it, until it
    // is wiped off or something else is said.
    void show_progress(std::string_view line);
    void wipe_progress();

    [[nodiscard]] bool quiet() const noexcept { return quiet_; }

private:
    // As it would be said now, with its end.
    [[nodiscard]] std::string line(std::string_view text) const;
    void write(std::string_view text);

    std::string command_;
    bool quiet_ = false;
    bool verbose_ = false;
    bool progress_shown_ = false;
};

}  // namespace bitask::cli
