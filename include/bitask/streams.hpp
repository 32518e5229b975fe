#pragma once

#include "bitask/bytes.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bitask {

// Thrown by Output when the reader of a pipe has gone away: not a failure, the caller just stops.
struct ClosedPipe {};

// Thrown by Input when a signal has asked the caller to come to an end.
struct Interrupted {};

// Buffered output to a descriptor that someone else owns. Nothing counts as written before
// flush() has returned; the destructor throws away what was not flushed.
class Output : public ByteSink {
public:
    // `name` is how errors call it, for example "standard output".
    Output(int descriptor, std::string name);

    void write(std::string_view bytes) override;  // throws Error (io) or ClosedPipe
    void flush();                                 // likewise

private:
    int descriptor_;
    std::string name_;
    std::string buffer_;
};

// Buffered input from a file or a descriptor.
class Input {
public:
    explicit Input(const std::string& path);  // opens and owns it; throws Error (io)
    Input(int descriptor, std::string name);  // someone else's
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    // From now on peek() throws Interrupted rather than wait, or go on waiting, once a signal's
    // handler has made this true.
    void interrupt_when(bool (*asked)() noexcept) noexcept { interrupted_ = asked; }

    // The bytes that are buffered, at least one except at the end of the input. They stay valid
    // until the next call of a member function.
    std::string_view peek();
    void consume(std::size_t size);  // of what peek() returned

    // Likewise what is there without reading, which may be nothing.
    [[nodiscard]] std::string_view buffered() const noexcept {
        return {buffer_.data() + begin_, end_ - begin_};
    }

    // Whether peek() would wait for someone to write. The end of the input does not.
    [[nodiscard]] bool would_wait() const noexcept;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    void wait_for_input() const;

    int descriptor_;
    bool owned_;
    std::string name_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool (*interrupted_)() noexcept = nullptr;
};

// A write beyond the file size limit (RLIMIT_FSIZE) then fails with an Error, like one to a full
// disk, instead of ending the process. For the whole process; to be called once, at its start.
void make_file_size_limit_an_error() noexcept;

// Memory that was freed stays with the process, for work that takes as much again and again. For
// the whole process.
void keep_freed_memory() noexcept;

[[nodiscard]] bool is_terminal(int descriptor) noexcept;

// One write of a whole line to standard error, so that lines of parallel processes do not mix.
// Failures are ignored: there is nowhere left to report them. A handler of signals may call it.
void write_standard_error(std::string_view text) noexcept;

}  // namespace bitask
