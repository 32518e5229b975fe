#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "io/environment.hpp"
#include "io/unique_fd.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace bitask::io {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using test::bytes_view;
using test::failure_of;
using test::Strings;
using test::TemporaryFolder;

std::unique_ptr<Folder> open(const TemporaryFolder& temporary) {
    return posix_environment().open_folder(temporary.path());
}

Strings sorted(Strings names) {
    std::ranges::sort(names);
    return names;
}

std::string contents_of(const File& file) {
    std::string bytes(static_cast<std::size_t>(file.size()), '\0');
    bytes.resize(file.read(0, std::as_writable_bytes(std::span{bytes})));
    return bytes;
}

// How a child process ended that did this: with which status, or by which signal.
template <class Action>
int in_child(Action&& action) {
    const pid_t child = ::fork();
    if (child == 0) {
        int status = 99;
        try {
            status = action();
        } catch (...) {
        }
        ::_exit(status);
    }
    int result = 0;
    while (::waitpid(child, &result, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(result) ? WEXITSTATUS(result) : -WTERMSIG(result);
}

TEST_CASE("a file has the bytes that were written where they were written") {
    const TemporaryFolder temporary;
    const auto folder = open(temporary);
    const auto file = folder->create("a");
    file->write(0, bytes_view("hello"));
    file->write(7, bytes_view("world"));
    file->write(1, bytes_view("E"));
    file->write(0, {});
    file->sync();
    CHECK(contents_of(*file) == std::string{"hEllo\0\0world", 12});
    file->truncate(3);
    CHECK(contents_of(*folder->open("a", Access::read)) == "hEl");
    file->truncate(5);
    CHECK(file->size() == 5);
}

TEST_CASE("a read gives fewer bytes than asked for only at the end of the file") {
    const TemporaryFolder temporary;
    const auto file = open(temporary)->create("a");
    file->write(0, bytes_view("hello"));
    std::array<std::byte, 10> buffer{};
    CHECK(file->read(0, buffer) == 5);
    CHECK(file->read(3, buffer) == 2);
    CHECK(file->read(5, buffer) == 0);
    CHECK(file->read(1000, buffer) == 0);
    CHECK(file->read(1, std::span{buffer}.first(2)) == 2);
}

TEST_CASE("a file that is not there is no error to open, but one to create twice is") {
    const TemporaryFolder temporary;
    const auto folder = open(temporary);
    CHECK(folder->open("a", Access::read) == nullptr);
    CHECK(folder->open("a", Access::read_write) == nullptr);
    CHECK(folder->identity("a") == std::nullopt);
    (void)folder->create("a");
    const auto failure = failure_of([&] { (void)folder->create("a"); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK(failure.message == "create " + temporary.path("a") + ": File exists");
    folder->open_or_create("a")->write(0, bytes_view("x"));
    CHECK(folder->open_or_create("a")->size() == 1);
    CHECK(folder->open_or_create("b")->size() == 0);
}

TEST_CASE("a file opened to be read cannot be written, and the error names it") {
    const TemporaryFolder temporary;
    const auto folder = open(temporary);
    (void)folder->create("a");
    const auto file = folder->open("a", Access::read);
    CHECK_THAT(failure_of([&] { file->write(0, bytes_view("x")); }).message,
               ContainsSubstring("write " + temporary.path("a") + ": "));
}

TEST_CASE("a rename replaces, a remove of nothing is no error") {
    const TemporaryFolder temporary;
    const auto folder = open(temporary);
    folder->create("a")->write(0, bytes_view("new"));
    folder->create("b")->write(0, bytes_view("old"));
    folder->rename("a", "b");
    folder->sync();
    CHECK(folder->list() == Strings{"b"});
    CHECK(contents_of(*folder->open("b", Access::read)) == "new");
    CHECK_THAT(failure_of([&] { folder->rename("a", "c"); }).message,
               ContainsSubstring("No such file or directory"));
    folder->remove("b");
    folder->remove("b");
    CHECK(folder->list().empty());
}

TEST_CASE("names and open files are the same file or not") {
    const TemporaryFolder temporary;
    const auto folder = open(temporary);
    const auto file = folder->create("a");
    CHECK(folder->identity("a") == file->identity());
    folder->rename("a", "b");
    CHECK(folder->identity("b") == file->identity());
    (void)folder->create("a");
    CHECK(folder->identity("a") != file->identity());
}

TEST_CASE("files are listed, links to them and links to nowhere too, and nothing else") {
    const TemporaryFolder temporary;
    const TemporaryFolder elsewhere;
    std::ofstream{elsewhere.path("real")} << "x";
    const auto folder = open(temporary);
    (void)folder->create("1.log");
    (void)folder->create(".hidden");
    fs::create_directory(temporary.path("2.log"));
    fs::create_symlink(elsewhere.path("real"), temporary.path("3.log"));
    fs::create_symlink(elsewhere.path(), temporary.path("4.log"));
    fs::create_symlink(elsewhere.path("missing"), temporary.path("5.log"));
    REQUIRE(::mkfifo(temporary.path("6.log").c_str(), 0600) == 0);
    const Strings files{".hidden", "1.log", "3.log", "5.log"};
    CHECK(sorted(folder->list()) == files);
    CHECK(sorted(folder->list()) == files);  // not used up
}

TEST_CASE("a store whose logs are links elsewhere is read and written") {
    const TemporaryFolder temporary;
    const TemporaryFolder elsewhere;
    std::ofstream{elsewhere.path("real")} << test::make_record("k", "v", 5);
    fs::create_symlink(elsewhere.path("real"), temporary.path("5.active.log"));
    fs::create_directory(temporary.path("7.log"));
    CHECK(test::read_all(*Reader{temporary.path()}.get("k").value) == "v");
    Writer writer{temporary.path(), {}};
    writer.put("k", "w");
    writer.commit();
    CHECK(fs::is_symlink(temporary.path("5.active.log")));
    CHECK(test::read_all(*Reader{temporary.path()}.get("k").value) == "w");
}

TEST_CASE("a nameless file is in no listing, and works like any other") {
    const TemporaryFolder temporary;
    const auto folder = open(temporary);
    const auto file = folder->create_unnamed();
    file->write(0, bytes_view("hello"));
    CHECK(folder->list().empty());
    CHECK(fs::is_empty(temporary.path()));
    CHECK(contents_of(*file) == "hello");
}

TEST_CASE("a folder is created with those above it, and is there already the second time") {
    const TemporaryFolder temporary;
    auto& environment = posix_environment();
    const std::string deep = temporary.path("a/b//c/");
    CHECK(environment.open_folder(deep) == nullptr);
    environment.create_folder(deep);
    environment.create_folder(deep);
    environment.sync_path(deep);
    REQUIRE(environment.open_folder(deep));
    CHECK(fs::is_directory(temporary.path("a/b/c")));
}

TEST_CASE("a path through a file is an error, not a missing folder") {
    const TemporaryFolder temporary;
    std::ofstream{temporary.path("file")} << "x";
    auto& environment = posix_environment();
    for (const std::string& path : {temporary.path("file"), temporary.path("file/below")}) {
        CHECK(failure_of([&] { (void)environment.open_folder(path); }).kind == ErrorKind::io);
    }
    CHECK(failure_of([&] { environment.create_folder(temporary.path("file/below")); }).kind ==
          ErrorKind::io);
    CHECK(failure_of([&] { Writer{temporary.path("file"), {}}; }).kind == ErrorKind::io);
}

TEST_CASE("relative paths are created and synced from the current folder on") {
    const TemporaryFolder temporary;
    CHECK(in_child([&] {
              fs::current_path(temporary.path());
              auto& environment = posix_environment();
              for (const char* const path : {"a", "b/c", "./d", "e/", "../"}) {
                  environment.create_folder(path);
                  environment.sync_path(path);
              }
              return 0;
          }) == 0);
    CHECK(fs::is_directory(temporary.path("a")));
    CHECK(fs::is_directory(temporary.path("b/c")));
    CHECK(fs::is_directory(temporary.path("d")));
    CHECK(fs::is_directory(temporary.path("e")));
}

TEST_CASE("files never get the number of a closed standard descriptor") {
    const TemporaryFolder temporary;
    CHECK(in_child([&] {
              ::close(STDIN_FILENO);
              ::close(STDOUT_FILENO);
              ::close(STDERR_FILENO);
              {
                  Writer writer{temporary.path("kv"), {}};
                  writer.put("k", "v");
                  writer.commit();
                  // What a program says must not end up in its files.
                  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
                      if (::write(fd, "message", 7) >= 0) {
                          return 1;
                      }
                  }
                  const auto folder = posix_environment().open_folder(temporary.path("kv"));
                  const auto unnamed = folder->create_unnamed();
                  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
                      if (::write(fd, "message", 7) >= 0) {
                          return 2;
                      }
                  }
                  if (unnamed->size() != 0) {
                      return 3;
                  }
              }
              return test::read_all(*Reader{temporary.path("kv")}.get("k").value) == "v" ? 0 : 4;
          }) == 0);
}

TEST_CASE("an owner of a descriptor closes it once, and moves it") {
    const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    UniqueFd first{number};
    UniqueFd second{std::move(first)};
    CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): what a move leaves is the promise
    CHECK(second.get() == number);
    UniqueFd third;
    third = std::move(second);
    CHECK(third.get() == number);
    { const UniqueFd last{third.release()}; }
    CHECK(::fcntl(number, F_GETFD) < 0);
}

TEST_CASE("a descriptor above the standard ones stays as it is, and none stays none") {
    const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const UniqueFd fd = above_standard(UniqueFd{number});
    CHECK(fd.get() == number);
    CHECK_FALSE(above_standard(UniqueFd{}));
}

TEST_CASE("the clock of the system is past the day when this was written") {
    CHECK(posix_environment().now_milliseconds() > 1'700'000'000'000);
}

}  // namespace
}  // namespace bitask::io
