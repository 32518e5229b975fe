#pragma once

#include <exception>
#include <string>
#include <utility>

namespace bitask {

// What went wrong, as far as a caller can act on it. A key that is not there is no failure: it
// is a value of the call that looked for it.
enum class ErrorKind {
    usage,    // the caller's input breaks a rule of the store: an empty key, a value too long
    locked,   // another process held the writer's lock for the whole wait
    corrupt,  // bytes on disk are not what was written
    io,       // the operating system refused
};

// How the core says that something failed. The message is one line for people, without the
// program's name; it names the file (and the offset, for corruption) that it speaks of.
class Error : public std::exception {
public:
    Error(ErrorKind kind, std::string message) : kind_{kind}, message_{std::move(message)} {}

    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

private:
    ErrorKind kind_;
    std::string message_;
};

}  // namespace bitask
