#include "bitask/verify.hpp"

#include "bitask/error.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <string>

namespace bitask {
namespace {

using test::failure_of;
using test::HandmadeStore;
using test::kStore;
using test::make_record;
using test::Strings;

TEST_CASE("verify counts logs, records and bytes of a healthy store, and is content") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("a", "", 2))
        .file("7.active.log", make_record("b", "1", 3));
    const VerifyReport report = verify(store.disk, kStore, nullptr);
    CHECK(report.logs == 2);
    CHECK(report.records == 3);
    CHECK(report.bytes == 65);
    CHECK(report.damage.empty());
    CHECK(report.unfinished.empty());
}

TEST_CASE("verify lists every damaged place with its log and offset") {
    HandmadeStore store;
    store
        .file("5.log", test::flipped(make_record("a", "1", 1), 21) + make_record("b", "1", 2) +
                           "a part of a record")
        .file("7.active.log",
              test::flipped(make_record("c", "1", 3), 0) + make_record("d", "1", 3));
    const VerifyReport report = verify(store.disk, kStore, nullptr);
    CHECK(report.damage ==
          Strings{"5.log: offset 0: the record's checksum does not match (22 bytes)",
                  "5.log: offset 44: no record can be read here (18 bytes)",
                  "7.active.log: offset 0: the record's checksum does not match (22 bytes)"});
    CHECK(report.records == 2);
    CHECK(report.unfinished.empty());
}

TEST_CASE("verify tells an unfinished record at the end of the active log from damage") {
    HandmadeStore store;
    store.file("7.active.log", make_record("a", "1", 1) + make_record("b", "2", 2).substr(0, 21));
    const VerifyReport report = verify(store.disk, kStore, nullptr);
    CHECK(report.damage.empty());
    CHECK(report.unfinished == "7.active.log: offset 22: unfinished record (21 bytes)");
}

TEST_CASE("verify takes no lock, and changes no file of a damaged or unfinished store") {
    HandmadeStore store;
    const std::string log = make_record("a", "1", 1) + "torn";
    store.file("7.active.log", log).file("7.1.tmp", "x");
    (void)verify(store.disk, kStore, nullptr);
    CHECK(store.files() == Strings{"7.1.tmp", "7.active.log"});
    CHECK(store.bytes("7.active.log") == log);
    const Writer writer{store.disk, kStore, {}};
    CHECK_NOTHROW(verify(store.disk, kStore, nullptr));
}

TEST_CASE("verify finds no store where there is none") {
    test::MemoryEnvironment disk;
    CHECK(failure_of([&] { verify(disk, "/nowhere", nullptr); }).message ==
          "no store in \"/nowhere\"");
}

}  // namespace
}  // namespace bitask
