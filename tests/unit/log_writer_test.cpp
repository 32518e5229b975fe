#include "log/log_writer.hpp"

#include "bitask/value.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bitask::log {
namespace {

using Catch::Matchers::ContainsSubstring;
using test::failure_of;
using test::HandmadeStore;
using test::make_record;

constexpr std::size_t kMebibyte = 1024 * 1024;

LogWriter writer_of(io::Folder& folder, std::string name = "17.active.log") {
    auto file = folder.open_or_create(name);
    const std::uint64_t end = file->size();
    return {std::move(file), std::move(name), end};
}

// Has other bytes each time that it is looked at.
class FickleValue final : public Value {
public:
    explicit FickleValue(std::size_t size, bool shrinks) : size_{size}, shrinks_{shrinks} {}

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    void copy_to(ByteSink& sink) const override {
        ++looks_;
        const std::size_t lost = shrinks_ && looks_ > 1 ? 1 : 0;
        sink.write(std::string(size_ - lost, shrinks_ ? 'x' : static_cast<char>('a' + looks_)));
    }

private:
    std::size_t size_;
    bool shrinks_;
    mutable int looks_ = 0;
};

TEST_CASE("records are in the log, one behind the other, after a flush") {
    HandmadeStore store;
    store.file("17.active.log", make_record("a", "1", 5));
    LogWriter writer = writer_of(*store.folder);
    writer.append("b", "22", 6);
    writer.append("a", "", 7);
    const std::string expected =
        make_record("a", "1", 5) + make_record("b", "22", 6) + make_record("a", "", 7);
    CHECK(writer.end() == expected.size());
    CHECK(writer.records_written() == 0);
    writer.flush();
    CHECK(store.bytes("17.active.log") == expected);
    CHECK(writer.end() == expected.size());
    CHECK(writer.records_written() == 2);
}

TEST_CASE("a sync flushes what was appended and makes it survive a power cut") {
    HandmadeStore store;
    LogWriter writer = writer_of(*store.folder);
    store.folder->sync();
    writer.append("a", "1", 5);
    writer.sync();
    test::MemoryEnvironment after = store.disk.after_power_cut({});
    CHECK(test::bytes_of(after, test::kStore, "17.active.log") == make_record("a", "1", 5));
}

TEST_CASE("values of every size around the buffer's are written as they are") {
    for (const std::size_t size :
         {std::size_t{1}, 256 * 1024 - 1UL, 256 * 1024 + 0UL, 256 * 1024 + 1UL, kMebibyte}) {
        CAPTURE(size);
        HandmadeStore store;
        LogWriter writer = writer_of(*store.folder);
        std::string value(size, 'v');
        value.back() = '!';
        writer.append("before", "1", 1);
        writer.append("whole", std::string_view{value}, 2);
        writer.append("piecewise", MemoryValue{value}, 3);
        writer.append("after", MemoryValue{"2"}, 4);
        const std::string expected =
            make_record("before", "1", 1) + make_record("whole", value, 2) +
            make_record("piecewise", value, 3) + make_record("after", "2", 4);
        CHECK(writer.end() == expected.size());
        writer.flush();
        CHECK((store.bytes("17.active.log") == expected));
        CHECK(writer.records_written() == 4);
    }
}

TEST_CASE("a large value that changes while it is read leaves the log as before") {
    const bool shrinks = GENERATE(false, true);
    CAPTURE(shrinks);
    HandmadeStore store;
    LogWriter writer = writer_of(*store.folder);
    writer.append("a", "1", 5);
    const auto failure = failure_of([&] {
        writer.append("k", FickleValue{kMebibyte, shrinks}, 6);
    });
    CHECK(failure.kind == ErrorKind::io);
    CHECK_THAT(failure.message, ContainsSubstring("changed while it was read"));
    CHECK(store.bytes("17.active.log") == make_record("a", "1", 5));
    CHECK(writer.records_written() == 1);
}

TEST_CASE("a record is copied from another log byte for byte, however long it is") {
    const std::size_t size = GENERATE(1UL, 300'000UL, 2 * kMebibyte);
    CAPTURE(size);
    HandmadeStore store;
    const std::string source = make_record("x", "old", 1) +
                               make_record("k", std::string(size, 'v'), 2) +
                               make_record("y", "new", 3);
    store.file("5.log", source);
    const auto from = store.folder->open("5.log", io::Access::read);
    const std::uint64_t begin = make_record("x", "old", 1).size();
    LogWriter writer = writer_of(*store.folder, "5.1.tmp");
    writer.append_copy(*from, begin, 20 + 1 + size);
    writer.append_copy(*from, 0, begin);
    writer.sync();
    CHECK((store.bytes("5.1.tmp") ==
           make_record("k", std::string(size, 'v'), 2) + make_record("x", "old", 1)));
    CHECK(writer.records_written() == 2);
}

TEST_CASE("after a copy that failed every later call throws") {
    HandmadeStore store;
    store.file("5.log", make_record("k", "v", 1));
    const auto from = store.folder->open("5.log", io::Access::read);
    LogWriter writer = writer_of(*store.folder, "5.1.tmp");
    CHECK(failure_of([&] { writer.append_copy(*from, 0, 1000); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.append("k", "v", 2); }).kind == ErrorKind::io);
    CHECK(failure_of([&] { writer.sync(); }).kind == ErrorKind::io);
    CHECK(store.bytes("5.1.tmp").empty());
}

TEST_CASE("a write that fails is taken back, and every later call throws") {
    const auto written = GENERATE(test::Written::none, test::Written::half, test::Written::all);
    HandmadeStore store;
    store.file("17.active.log", make_record("a", "1", 5));
    test::FaultyEnvironment faulty{
        store.disk, {.fault = test::Fault::error_once, .step = 0, .written = written}};
    const auto folder = faulty.open_folder(test::kStore);
    LogWriter writer = writer_of(*folder);
    writer.append("b", "2", 6);
    CHECK_THAT(failure_of([&] { writer.flush(); }).message, ContainsSubstring("injected"));
    CHECK(store.bytes("17.active.log") == make_record("a", "1", 5));
    CHECK(writer.records_written() == 0);

    for (const auto& failure :
         {failure_of([&] { writer.flush(); }), failure_of([&] { writer.sync(); }),
          failure_of([&] { writer.append("c", "3", 7); }),
          failure_of([&] { writer.append("c", MemoryValue{"3"}, 7); })}) {
        CHECK(failure.kind == ErrorKind::io);
        CHECK_THAT(failure.message, ContainsSubstring("17.active.log") &&
                                        ContainsSubstring("earlier write failure"));
    }
    CHECK(store.bytes("17.active.log") == make_record("a", "1", 5));
}

TEST_CASE("a large value that does not fit the disk leaves the log's bytes as before") {
    for (std::uint64_t step = 0; step < 7; ++step) {
        CAPTURE(step);
        HandmadeStore store;
        store.file("17.active.log", make_record("a", "1", 5));
        test::FaultyEnvironment faulty{store.disk, {.fault = test::Fault::disk_full, .step = step}};
        const auto folder = faulty.open_folder(test::kStore);
        LogWriter writer = writer_of(*folder);
        try {
            writer.append("k", MemoryValue{std::string(kMebibyte, 'v')}, 6);
        } catch (const Error&) {
            CHECK(store.bytes("17.active.log") == make_record("a", "1", 5));
        }
        CHECK(writer.records_written() == (faulty.tripped() ? 0 : 1));
    }
}

TEST_CASE("what was written before a failed write can still be synced") {
    HandmadeStore store;
    test::FaultyEnvironment faulty{store.disk, {.fault = test::Fault::disk_full, .step = 2}};
    const auto folder = faulty.open_folder(test::kStore);
    LogWriter writer = writer_of(*folder);  // step 0 makes the file
    writer.append("a", "1", 5);
    writer.flush();
    writer.append("b", "2", 6);
    CHECK_THROWS_AS(writer.flush(), Error);
    writer.sync_written();
    CHECK(writer.records_written() == 1);
    store.folder->sync();
    test::MemoryEnvironment after = store.disk.after_power_cut({});
    CHECK(test::bytes_of(after, test::kStore, "17.active.log") == make_record("a", "1", 5));
    CHECK_THROWS_AS(writer.append("c", "3", 7), Error);
}

TEST_CASE("a sync that fails says what it means, and is never tried again") {
    HandmadeStore store;
    test::FaultyEnvironment faulty{store.disk, {.fault = test::Fault::error_once, .step = 2}};
    const auto folder = faulty.open_folder(test::kStore);
    LogWriter writer = writer_of(*folder);
    writer.append("a", "1", 5);
    CHECK_THAT(failure_of([&] { writer.sync(); }).message,
               ContainsSubstring("may or may not survive a power cut"));
    CHECK_THROWS_AS(writer.append("b", "2", 6), Error);
    CHECK_THROWS_AS(writer.sync(), Error);
    CHECK_THAT(failure_of([&] { writer.sync_written(); }).message,
               ContainsSubstring("earlier sync failure"));
}

}  // namespace
}  // namespace bitask::log
