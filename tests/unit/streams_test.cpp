#include "bitask/streams.hpp"

#include "bitask/error.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>

namespace bitask {
namespace {

using Catch::Matchers::ContainsSubstring;
using test::failure_of;
using test::TemporaryFolder;

class Pipe {
public:
    Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    [[nodiscard]] int reader() const { return ends_[0]; }
    [[nodiscard]] int writer() const { return ends_[1]; }
    void close_reader() { close(ends_[0]); }
    void close_writer() { close(ends_[1]); }

private:
    static void close(int& end) {
        if (end >= 0) {
            ::close(end);
        }
        end = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

std::string all_of(Input& input) {
    std::string text;
    for (auto bytes = input.peek(); !bytes.empty(); bytes = input.peek()) {
        text += bytes;
        input.consume(bytes.size());
    }
    return text;
}

TEST_CASE("output comes out in order, whatever the sizes of its pieces") {
    const TemporaryFolder folder;
    const int file = ::open(folder.path("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    std::string expected;
    {
        Output out{file, "out"};
        for (const std::size_t size : {1U, 65'535U, 1U, 65'536U, 65'537U, 0U, 300'000U, 2U}) {
            const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
            out.write(piece);
            expected += piece;
        }
        out.flush();
    }
    ::close(file);
    Input input{folder.path("out")};
    CHECK((all_of(input) == expected));
}

TEST_CASE("what was not flushed does not count as written") {
    Pipe pipe;
    {
        Output out{pipe.writer(), "out"};
        out.write("lost");
    }
    pipe.close_writer();
    Input input{pipe.reader(), "pipe"};
    CHECK(all_of(input).empty());
}

TEST_CASE("a reader that has gone away is no error, but told apart") {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    pipe.close_reader();
    Output out{pipe.writer(), "out"};
    out.write("x");
    CHECK_THROWS_AS(out.flush(), ClosedPipe);
    CHECK_NOTHROW(out.flush());  // what failed is not written a second time
    CHECK_THROWS_AS(out.write(std::string(100'000, 'x')), ClosedPipe);
    std::signal(SIGPIPE, before);
}

TEST_CASE("a device that takes nothing is an error that names the output") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    Output out{full, "standard output"};
    out.write("x");
    const auto failure = failure_of([&] { out.flush(); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK_THAT(failure.message, ContainsSubstring("standard output: No space left on device"));
    CHECK_NOTHROW(out.flush());
    ::close(full);
}

TEST_CASE("input is handed out piece by piece, and the rest of a piece stays") {
    Pipe pipe;
    REQUIRE(::write(pipe.writer(), "hello", 5) == 5);
    Input input{pipe.reader(), "pipe"};
    CHECK(input.peek() == "hello");
    CHECK(input.peek() == "hello");
    input.consume(2);
    CHECK(input.peek() == "llo");
    input.consume(0);
    input.consume(3);
    REQUIRE(::write(pipe.writer(), "!", 1) == 1);
    CHECK(input.peek() == "!");
    input.consume(1);
    pipe.close_writer();
    CHECK(input.peek().empty());
    CHECK(input.peek().empty());
}

TEST_CASE("input longer than any buffer comes in order") {
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += std::to_string(i) + '\n';
    }
    Pipe pipe;
    std::thread writer{[&] {
        Output out{pipe.writer(), "pipe"};
        out.write(text);
        out.flush();
        pipe.close_writer();
    }};
    Input input{pipe.reader(), "pipe"};
    const std::string found = all_of(input);
    writer.join();
    CHECK((found == text));
}

TEST_CASE("an input that cannot be opened or read is an error that names it") {
    const TemporaryFolder folder;
    const auto missing = failure_of([&] { Input{folder.path("missing")}; });
    CHECK(missing.kind == ErrorKind::io);
    CHECK_THAT(missing.message,
               ContainsSubstring(folder.path("missing") + ": No such file or directory"));
    const auto unreadable = failure_of([&] { Input{folder.path()}.peek(); });
    CHECK(unreadable.kind == ErrorKind::io);
    CHECK_THAT(unreadable.message, ContainsSubstring("Is a directory"));
    CHECK(failure_of([] { Input{-1, "nothing"}.peek(); }).kind == ErrorKind::io);
}

TEST_CASE("an input closes what it opened, and nothing else") {
    Pipe pipe;
    { const Input borrowed{pipe.reader(), "pipe"}; }
    CHECK(::fcntl(pipe.reader(), F_GETFD) >= 0);
    int opened = -1;
    {
        const Input own{"/dev/null"};
        opened = own.descriptor();
        CHECK(opened > STDERR_FILENO);
        CHECK((::fcntl(opened, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(::fcntl(opened, F_GETFD) < 0);
}

TEST_CASE("pipes, files and closed descriptors are no terminals") {
    const Pipe pipe;
    CHECK_FALSE(is_terminal(pipe.reader()));
    CHECK_FALSE(is_terminal(-1));
}

}  // namespace
}  // namespace bitask
