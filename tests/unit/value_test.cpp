#include "bitask/value.hpp"

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "bitask/streams.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace bitask {
namespace {

using Catch::Matchers::ContainsSubstring;
using test::failure_of;
using test::HandmadeStore;
using test::kStore;
using test::TemporaryFolder;

constexpr std::size_t kLimit = ValueBuilder::kMemoryLimit;

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<char>((i * 7 + i / 1000) & 0xFF);
    }
    return bytes;
}

TEST_CASE("a value in memory is what it was given, as often as it is asked") {
    const MemoryValue value{"hello"};
    CHECK(value.size() == 5);
    CHECK(test::read_all(value) == "hello");
    CHECK(test::read_all(value) == "hello");
}

TEST_CASE("a collected value has all its pieces in order, in memory and past its limit") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kLimit - 1, kLimit, kLimit + 1, 3 * kLimit + 12'345}) {
        CAPTURE(size);
        HandmadeStore store;
        ValueBuilder builder{store.disk, kStore};
        const std::string bytes = pattern(size);
        for (std::size_t at = 0; at < size; at += 1'000'003) {
            builder.write(std::string_view{bytes}.substr(at, 1'000'003));
        }
        CHECK(builder.value().size() == size);
        CHECK((test::read_all(builder.value()) == bytes));
        CHECK((test::read_all(builder.value()) == bytes));
        CHECK(store.files().empty());
    }
}

TEST_CASE("a builder begins anew after a value of any size") {
    HandmadeStore store;
    ValueBuilder builder{store.disk, kStore};
    for (const std::size_t size : {2 * kLimit, std::size_t{3}, 2 * kLimit + 1, std::size_t{0}}) {
        builder.clear();
        builder.write(pattern(size));
        CHECK((test::read_all(builder.value()) == pattern(size)));
    }
}

TEST_CASE("a store's folder is created only when a value outgrows memory") {
    test::MemoryEnvironment disk;
    ValueBuilder builder{disk, kStore};
    builder.write(pattern(kLimit));
    CHECK(disk.open_folder(kStore) == nullptr);
    builder.write("x");
    CHECK(disk.open_folder(kStore) != nullptr);
    CHECK(builder.value().size() == kLimit + 1);
}

TEST_CASE("a value that is longer than the format allows is refused before it is kept") {
    HandmadeStore store;
    ValueBuilder builder{store.disk, kStore};
    builder.write("x");
    // Only the length is looked at: there are no such bytes.
    const std::string_view too_long{"x", static_cast<std::size_t>(kMaxValueSize)};
    const auto failure = failure_of([&] { builder.write(too_long); });
    CHECK(failure.kind == ErrorKind::usage);
    CHECK_THAT(failure.message, ContainsSubstring("4294967295"));
    CHECK(builder.value().size() == 1);
}

TEST_CASE("a disk without room for a long value is an error") {
    HandmadeStore store;
    test::FaultyEnvironment full{store.disk, {.fault = test::Fault::disk_full, .step = 0}};
    ValueBuilder builder{full, kStore};
    builder.write(pattern(kLimit));
    CHECK(failure_of([&] { builder.write("x"); }).kind == ErrorKind::io);
}

TEST_CASE("a regular file is taken from its present position to its end, small or large") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kLimit, 2 * kLimit + 5}) {
        for (const std::size_t skipped : {std::size_t{0}, size / 2, size}) {
            CAPTURE(size, skipped);
            const TemporaryFolder folder;
            const std::string bytes = pattern(size);
            std::ofstream{folder.path("value"), std::ios::binary} << bytes;
            Input input{folder.path("value")};
            ::lseek(input.descriptor(), static_cast<off_t>(skipped), SEEK_SET);
            const auto value = receive_value(input, folder.path("store"));
            CHECK(value->size() == size - skipped);
            CHECK((test::read_all(*value) == bytes.substr(skipped)));
            CHECK((test::read_all(*value) == bytes.substr(skipped)));
            CHECK_FALSE(std::filesystem::exists(folder.path("store")));
        }
    }
}

TEST_CASE("a large file that becomes shorter while it is read is an error") {
    const TemporaryFolder folder;
    std::ofstream{folder.path("value"), std::ios::binary} << pattern(2 * kLimit);
    Input input{folder.path("value")};
    const auto value = receive_value(input, folder.path("store"));
    std::filesystem::resize_file(folder.path("value"), kLimit);
    const auto failure = failure_of([&] { (void)test::read_all(*value); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK_THAT(failure.message, ContainsSubstring("became shorter"));
}

TEST_CASE("what comes through a pipe is collected, and leaves no name in the store") {
    const std::size_t size = GENERATE(std::size_t{0}, std::size_t{5}, 2 * kLimit + 7);
    CAPTURE(size);
    const TemporaryFolder folder;
    const std::string bytes = pattern(size);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    std::thread writer{[&] {
        Output out{ends[1], "pipe"};
        out.write(bytes);
        out.flush();
        ::close(ends[1]);
    }};
    Input input{ends[0], "pipe"};
    const auto value = receive_value(input, folder.path("store"));
    writer.join();
    ::close(ends[0]);
    CHECK(value->size() == size);
    CHECK((test::read_all(*value) == bytes));
    const bool outgrew_memory = size > kLimit;
    CHECK(std::filesystem::exists(folder.path("store")) == outgrew_memory);
    if (outgrew_memory) {
        CHECK(std::filesystem::is_empty(folder.path("store")));
    }
}

TEST_CASE("a file that is regular by name only is read to its end") {
    Input input{"/proc/self/status"};  // says that its size is 0
    CHECK(receive_value(input, "a-store-that-is-never-created")->size() > 0);
}

}  // namespace
}  // namespace bitask
