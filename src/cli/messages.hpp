#pragma once

#include <string>
#include <string_view>

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
    void problem(std::string_view text) const;

    // For wrong usage, which is said even when quiet: the user is still writing the script.
    void usage(std::string_view text) const;

    // What was done. Only when verbose.
    void done(std::string_view text) const;

    [[nodiscard]] bool quiet() const noexcept { return quiet_; }
    [[nodiscard]] bool verbose() const noexcept { return verbose_; }

private:
    void write(std::string_view text) const;

    std::string command_;
    bool quiet_ = false;
    bool verbose_ = false;
};

}  // namespace bitask::cli
