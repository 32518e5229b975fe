#include "io/write_behind.hpp"

#include "bitask/error.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"
#include "support/memory_environment.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bitask::io {
namespace {

using test::bytes_view;

std::string contents_of(const File& file) {
    std::string text(64, '\0');
    text.resize(file.read(0, std::as_writable_bytes(std::span{text})));
    return text;
}

TEST_CASE("what is written behind is there once the file is synced") {
    const test::TemporaryFolder temporary;
    const auto folder = posix_environment().open_folder(temporary.path());
    WriteBehindFolder behind{posix_environment(), *folder};
    const auto file = behind.create("a");
    file->write(0, bytes_view("one "));
    file->write(4, bytes_view("two"));
    CHECK(file->size() == 7);
    file->sync();
    CHECK(contents_of(*folder->open("a", Access::read)) == "one two");
    CHECK(folder->identity("a") == file->identity());
}

TEST_CASE("what is written behind can be read at once") {
    const test::TemporaryFolder temporary;
    const auto folder = posix_environment().open_folder(temporary.path());
    WriteBehindFolder behind{posix_environment(), *folder};
    const auto file = behind.create_unnamed();
    file->write(0, bytes_view("one two"));
    CHECK(contents_of(*file) == "one two");
    file->truncate(3);
    CHECK(file->size() == 3);
    CHECK(contents_of(*file) == "one");
}

TEST_CASE("more is written behind than can wait in memory") {
    const test::TemporaryFolder temporary;
    const auto folder = posix_environment().open_folder(temporary.path());
    WriteBehindFolder behind{posix_environment(), *folder};
    const auto file = behind.create("a");
    constexpr std::size_t kPiece = 3'000'001;  // more than goes into one buffer
    constexpr std::size_t kPieces = 20;
    for (std::size_t i = 0; i < kPieces; ++i) {
        file->write(i * kPiece, bytes_view(std::string(kPiece, static_cast<char>('a' + i))));
    }
    file->sync();
    const auto written = folder->open("a", Access::read);
    REQUIRE(written->size() == kPieces * kPiece);
    std::string piece(kPiece, '\0');
    for (std::size_t i = 0; i < kPieces; ++i) {
        CAPTURE(i);
        CHECK(written->read(i * kPiece, std::as_writable_bytes(std::span{piece})) == kPiece);
        CHECK(piece == std::string(kPiece, static_cast<char>('a' + i)));
    }
}

TEST_CASE("a file may go before it is written") {
    const test::TemporaryFolder temporary;
    const auto folder = posix_environment().open_folder(temporary.path());
    {
        WriteBehindFolder behind{posix_environment(), *folder};
        behind.create("a")->write(0, bytes_view("one two"));
    }
    CHECK(contents_of(*folder->open("a", Access::read)) == "one two");
}

TEST_CASE("a write behind that fails is told of at every later call for that file") {
    test::MemoryEnvironment disk;
    disk.create_folder("/f");
    test::FaultyEnvironment failing{disk, {.fault = test::Fault::error_once, .step = 2}};
    const auto folder = failing.open_folder("/f");
    WriteBehindFolder behind{failing, *folder};
    const auto good = behind.create("good");
    const auto bad = behind.create("bad");
    bad->write(0, bytes_view("one"));  // the third step
    CHECK_THROWS_AS(bad->write(3, bytes_view("two")), Error);
    CHECK_THROWS_AS(bad->sync(), Error);
    CHECK_THROWS_AS(bad->truncate(0), Error);
    CHECK_THROWS_AS(contents_of(*bad), Error);
    good->write(0, bytes_view("three"));
    CHECK_NOTHROW(good->sync());
    CHECK(contents_of(*good) == "three");
}

TEST_CASE("the disk never has more to do than a few MiB, but for files that nobody syncs") {
    test::MemoryEnvironment disk;
    disk.create_folder("/f");
    const auto folder = disk.open_folder("/f");
    constexpr std::size_t kMebibyte = 1024 * 1024;
    const auto write = [](File& file, std::size_t mebibytes) {
        for (std::size_t i = 0; i < mebibytes; ++i) {
            file.write(i * kMebibyte, bytes_view(std::string(kMebibyte, 'x')));
        }
    };
    {
        WriteBehindFolder behind{disk, *folder};
        const auto scratch = behind.create_unnamed();
        write(*scratch, 50);
        CHECK(disk.largest_backlog() == 0);
        const auto large = behind.create("large");
        write(*large, 50);
        for (char name = 'a'; name <= 'j'; ++name) {
            const auto file = behind.create(std::string{name});
            write(*file, 3);
            file->begin_sync();
        }
    }
    CHECK(disk.largest_backlog() > 4 * kMebibyte);
    CHECK(disk.largest_backlog() <= 9 * kMebibyte);
}

TEST_CASE("what fails while the disk is waited for is told by that file's sync, and no other's") {
    test::MemoryEnvironment disk;
    disk.create_folder("/f");
    std::uint64_t told = 0;
    std::uint64_t step = 0;
    for (;; ++step) {
        test::FaultyEnvironment failing{disk, {.fault = test::Fault::error_once, .step = step}};
        const auto folder = failing.open_folder("/f");
        for (const std::string& name : folder->list()) {
            disk.open_folder("/f")->remove(name);
        }
        WriteBehindFolder behind{failing, *folder};
        std::vector<std::unique_ptr<File>> files;
        try {
            for (char name = 'a'; name <= 'j'; ++name) {
                files.push_back(behind.create(std::string{name}));
                files.back()->write(0, bytes_view("bytes"));
                files.back()->begin_sync();
            }
        } catch (const Error&) {
            continue;  // told at once
        }
        const auto failed = std::ranges::count_if(files, [](const auto& file) {
            try {
                file->sync();
                return false;
            } catch (const Error&) {
                return true;
            }
        });
        if (!failing.tripped()) {
            CHECK(failed == 0);
            break;
        }
        CAPTURE(failing.where());
        CHECK(failed == 1);
        told += failing.where().starts_with("wait for") ? 1U : 0U;
    }
    CHECK(told > 0);
}

TEST_CASE("a sync that fails is told of where it was asked for") {
    test::MemoryEnvironment disk;
    disk.create_folder("/f");
    test::FaultyEnvironment failing{disk, {.fault = test::Fault::error_once, .step = 2}};
    const auto folder = failing.open_folder("/f");
    WriteBehindFolder behind{failing, *folder};
    const auto file = behind.create("a");
    file->write(0, bytes_view("one"));
    CHECK_THROWS_AS(file->sync(), Error);
    CHECK_THROWS_AS(file->sync(), Error);
}

}  // namespace
}  // namespace bitask::io
