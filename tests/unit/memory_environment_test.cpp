#include "support/memory_environment.hpp"

#include "bitask/error.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/store_contents.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::test {

namespace {

constexpr const char* kFolder = "/kv";

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span{text});
}

std::unique_ptr<io::Folder> new_folder(io::Environment& disk) {
    disk.create_folder(kFolder);
    disk.sync_path(kFolder);
    return disk.open_folder(kFolder);
}

// A file whose bytes and name are safe.
void add_synced(io::Folder& folder, std::string_view name, std::string_view text) {
    const auto file = folder.create(name);
    file->write(0, bytes(text));
    file->sync();
    folder.sync();
}

std::string survivor(const MemoryEnvironment& disk, const PowerCut& cut, std::string_view name) {
    MemoryEnvironment world = disk.after_power_cut(cut);
    return bytes_of(world, kFolder, name);
}

std::vector<std::string> names_after(const MemoryEnvironment& disk, const PowerCut& cut) {
    MemoryEnvironment world = disk.after_power_cut(cut);
    return file_names(world, kFolder);
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("two handles of a file in memory see the same bytes, and so does one that was removed") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    const auto file = folder->create("a");
    const auto other = folder->open("a", io::Access::read);
    file->write(2, bytes("cd"));
    CHECK(other->size() == 4);
    CHECK(bytes_of(disk, kFolder, "a") == std::string("\0\0cd", 4));
    CHECK(file->identity() == other->identity());
    CHECK(folder->identity("a") == file->identity());

    folder->remove("a");
    CHECK(folder->open("a", io::Access::read) == nullptr);
    CHECK_FALSE(folder->identity("a"));
    folder->remove("a");
    CHECK(folder->create("a")->identity() != file->identity());
    CHECK(other->size() == 4);
}

TEST_CASE("a disk in memory refuses what the operating system refuses") {
    MemoryEnvironment disk;
    CHECK(disk.open_folder(kFolder) == nullptr);
    const auto folder = new_folder(disk);
    const auto file = folder->create("a");
    CHECK_THROWS_AS(folder->create("a"), Error);
    CHECK_THROWS_AS(folder->rename("missing", "b"), Error);
    CHECK_THROWS_AS(folder->open("a", io::Access::read)->write(0, bytes("x")), Error);
    CHECK_THROWS_AS(disk.sync_path("/missing"), Error);
    CHECK_THROWS_AS(disk.make_folder("/missing/kv"), Error);
}

TEST_CASE("reading in memory stops at the end of the file") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "a", "12345");
    const auto file = folder->open("a", io::Access::read);
    std::vector<std::byte> room(4);
    CHECK(file->read(0, room) == 4);
    CHECK(file->read(3, room) == 2);
    CHECK(file->read(5, room) == 0);
    CHECK(file->read(99, room) == 0);
}

TEST_CASE("a file in memory has one lock, given back when its holder is closed") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    auto holder = folder->open_or_create("db.lock");
    const auto other = folder->open_or_create("db.lock");
    CHECK_FALSE(other->lock_holder());
    CHECK(holder->lock(std::chrono::milliseconds{0}));
    CHECK(holder->lock(std::chrono::milliseconds{0}));
    CHECK_FALSE(other->lock(std::chrono::milliseconds{1000}));
    CHECK(other->lock_holder());
    MemoryEnvironment killed = disk.after_kill();
    CHECK(killed.open_folder(kFolder)->open_or_create("db.lock")->lock({}));
    holder.reset();
    CHECK(other->lock(std::chrono::milliseconds{0}));
}

TEST_CASE("the clock of a disk in memory stands still until it is told otherwise") {
    MemoryEnvironment disk;
    CHECK(disk.now_milliseconds() == MemoryEnvironment::kStart);
    disk.sleep(std::chrono::milliseconds{5});
    CHECK(disk.now_milliseconds() == MemoryEnvironment::kStart + 5);
    disk.set_clock(17);
    CHECK(disk.after_kill().now_milliseconds() == 17);
}

TEST_CASE("a killed process leaves all its bytes, which a power cut may still take") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "a", "safe");
    folder->open("a", io::Access::read_write)->write(4, bytes("+new"));
    folder->create("b")->write(0, bytes("b"));

    MemoryEnvironment killed = disk.after_kill();
    CHECK(bytes_of(killed, kFolder, "a") == "safe+new");
    CHECK(file_names(killed, kFolder) == Strings{"a", "b"});
    CHECK(survivor(killed, {Names::late, Bytes::none}, "a") == "safe");
    CHECK(names_after(killed, {Names::late, Bytes::none}) == Strings{"a"});

    remove_file(killed, kFolder, "a");
    CHECK(bytes_of(disk, kFolder, "a") == "safe+new");
}

TEST_CASE("a power cut leaves of unsynced bytes none, all, half, or zeros") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "appended", "old");
    add_synced(*folder, "rewritten", "12345678");
    add_synced(*folder, "cut", "12345678");
    folder->open("appended", io::Access::read_write)->write(3, bytes("1234"));
    folder->open("rewritten", io::Access::read_write)->write(4, bytes("efgh"));
    folder->open("cut", io::Access::read_write)->truncate(2);

    CHECK(survivor(disk, {Names::late, Bytes::none}, "appended") == "old");
    CHECK(survivor(disk, {Names::late, Bytes::all}, "appended") == "old1234");
    CHECK(survivor(disk, {Names::late, Bytes::half}, "appended") == "old12");
    CHECK(survivor(disk, {Names::late, Bytes::zeros}, "appended") == std::string("old\0\0\0\0", 7));

    CHECK(survivor(disk, {Names::late, Bytes::none}, "rewritten") == "12345678");
    CHECK(survivor(disk, {Names::late, Bytes::all}, "rewritten") == "1234efgh");
    CHECK(survivor(disk, {Names::late, Bytes::half}, "rewritten") == "1234ef78");
    CHECK(survivor(disk, {Names::late, Bytes::zeros}, "rewritten") == "12345678");

    CHECK(survivor(disk, {Names::late, Bytes::none}, "cut") == "12345678");
    CHECK(survivor(disk, {Names::late, Bytes::all}, "cut") == "12");
}

TEST_CASE("synced bytes survive every power cut under a synced name") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "a", "safe");
    for (const PowerCut& cut : all_power_cuts(7)) {
        CAPTURE(describe(cut));
        CHECK(survivor(disk, cut, "a") == "safe");
    }
}

TEST_CASE("a power cut undoes unsynced names, or keeps them without their unsynced bytes") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "renamed", "r");
    add_synced(*folder, "removed", "gone");
    folder->rename("renamed", "moved");
    folder->remove("removed");
    folder->create("new")->write(0, bytes("new"));
    const auto half_safe = folder->create("half safe");
    half_safe->write(0, bytes("synced"));
    half_safe->sync();
    half_safe->write(6, bytes(" not"));

    CHECK(names_after(disk, {Names::late, Bytes::all}) == Strings{"removed", "renamed"});
    CHECK(survivor(disk, {Names::late, Bytes::none}, "removed") == "gone");
    CHECK(names_after(disk, {Names::early, Bytes::none}) == Strings{"half safe", "moved", "new"});
    CHECK(survivor(disk, {Names::early, Bytes::none}, "new").empty());
    CHECK(survivor(disk, {Names::early, Bytes::none}, "half safe") == "synced");
    CHECK(survivor(disk, {Names::early, Bytes::none}, "moved") == "r");

    folder->sync();
    CHECK(names_after(disk, {Names::late, Bytes::none}) == Strings{"half safe", "moved", "new"});
}

TEST_CASE("where names survive by chance, every outcome occurs and none that is impossible") {
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "a", "a");
    folder->rename("a", "b");
    folder->rename("b", "c");
    folder->create("x")->write(0, bytes("x"));
    std::set<Strings> seen;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
        seen.insert(names_after(disk, {Names::any, Bytes::any, seed}));
    }
    CHECK(seen == std::set<Strings>{{"a"}, {"b"}, {"c"}, {"a", "x"}, {"b", "x"}, {"c", "x"}});
}

TEST_CASE("a folder survives a power cut only under a synced name") {
    MemoryEnvironment disk;
    disk.make_folder("/made");
    disk.create_folder("/a/b");
    CHECK(disk.after_power_cut({Names::late, Bytes::all}).open_folder("/made") == nullptr);
    CHECK(disk.after_power_cut({Names::early, Bytes::all}).open_folder("/made") != nullptr);
    CHECK(disk.after_power_cut({Names::late, Bytes::all}).open_folder("/a/b") == nullptr);
    disk.sync_path("/made");
    CHECK(disk.after_power_cut({Names::late, Bytes::all}).open_folder("/made") != nullptr);
    disk.sync_path("/a/b");
    CHECK(disk.after_power_cut({Names::late, Bytes::all}).open_folder("/a/b") != nullptr);
}

TEST_CASE("after an injected crash nothing happens any more, whatever is called") {
    const auto [written, expected] = GENERATE(table<Written, std::string>(
        {{Written::none, "1"}, {Written::half, "123"}, {Written::all, "12345"}}));
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "a", "1");
    FaultyEnvironment faulty{disk, {.step = 1, .written = written}};
    const auto faulty_folder = faulty.open_folder(kFolder);
    const auto file = faulty_folder->open("a", io::Access::read_write);
    file->sync();
    CHECK_FALSE(faulty.tripped());
    CHECK_THROWS_AS(file->write(1, bytes("2345")), Crash);
    CHECK(faulty.tripped());
    CHECK(faulty.struck() == Step::write);
    CHECK(faulty.where() == "write /kv/a");
    CHECK_THROWS_AS(file->write(0, bytes("x")), Crash);
    CHECK_THROWS_AS(file->truncate(0), Crash);
    CHECK_THROWS_AS(file->sync(), Crash);
    CHECK_THROWS_AS(file->size(), Crash);
    CHECK_THROWS_AS(faulty_folder->list(), Crash);
    CHECK_THROWS_AS(faulty_folder->remove("a"), Crash);
    CHECK_THROWS_AS(faulty.open_folder(kFolder), Crash);
    CHECK_THROWS_AS(faulty.now_milliseconds(), Crash);
    CHECK(bytes_of(disk, kFolder, "a") == expected);
}

TEST_CASE("an injected error strikes once, or all that needs space, or every change") {
    const Fault fault = GENERATE(Fault::error_once, Fault::disk_full, Fault::disk_dead);
    CAPTURE(static_cast<int>(fault));
    MemoryEnvironment disk;
    const auto folder = new_folder(disk);
    add_synced(*folder, "a", "1234");
    FaultyEnvironment faulty{disk, {.fault = fault, .step = 0}};
    const auto faulty_folder = faulty.open_folder(kFolder);
    const auto file = faulty_folder->open("a", io::Access::read_write);
    CHECK_THROWS_AS(file->write(4, bytes("5678")), Error);
    CHECK(file->size() == 6);
    CHECK(faulty.steps() == 1);

    if (fault == Fault::error_once) {
        CHECK_NOTHROW(file->write(4, bytes("x")));
    } else {
        CHECK_THROWS_AS(file->write(4, bytes("x")), Error);
        CHECK_THROWS_AS(faulty_folder->create("b"), Error);
    }
    if (fault == Fault::disk_dead) {
        CHECK_THROWS_AS(file->truncate(4), Error);
        CHECK_THROWS_AS(file->sync(), Error);
    } else {
        CHECK_NOTHROW(file->truncate(4));
        CHECK_NOTHROW(file->sync());
    }
    CHECK(file->size() == (fault == Fault::disk_dead ? 6 : 4));
}

TEST_CASE("lookups are steps only where a plan asks for them") {
    MemoryEnvironment disk;
    new_folder(disk);
    FaultyEnvironment patient{disk, {.step = 0}};
    CHECK(patient.open_folder(kFolder)->list().empty());
    CHECK_FALSE(patient.tripped());
    FaultyEnvironment strict{disk, {.fault = Fault::error_once, .step = 1, .lookups = true}};
    const auto folder = strict.open_folder(kFolder);
    CHECK_THROWS_AS(folder->list(), Error);
    CHECK(folder->list().empty());
}

TEST_CASE("records made by hand are those of the format's examples") {
    CHECK(make_record("foo", "bar", 1'700'000'000'000) ==
          std::string("\x95\x1f\xf6\x9e\x00\x68\xe5\xcf\x8b\x01\x00\x00\x03\x00\x00\x00"
                      "\x03\x00\x00\x00"
                      "foobar",
                      26));
    CHECK(make_record("foo", "", 1'700'000'000'005) ==
          std::string("\x21\x65\x73\x8c\x05\x68\xe5\xcf\x8b\x01\x00\x00\x03\x00\x00\x00"
                      "\x00\x00\x00\x00"
                      "foo",
                      23));
    const std::string log = make_record("a", "1", 1) + make_record("b", "", 2);
    CHECK(record_ends(log) == std::vector<std::uint64_t>{22, 43});
}

}  // namespace bitask::test
