#include "io/mapped_folder.hpp"

#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "store/listing.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace bitask::io {
namespace {

using test::HandmadeStore;
using test::kStore;

std::string read(const File& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(file.read(offset, std::as_writable_bytes(std::span{bytes})));
    return bytes;
}

TEST_CASE("in a mapped folder only files that nobody changes any more are mapped") {
    HandmadeStore store;
    store.file("a", "hello").file("empty", "");
    const MappedFolder folder{store.disk.open_folder(kStore)};
    CHECK(folder.open("a", Access::read_fixed)->in_memory().size() == 5);
    CHECK(folder.open("a", Access::read)->in_memory().empty());
    CHECK(folder.open("a", Access::read_write)->in_memory().empty());
    CHECK(folder.open("empty", Access::read_fixed)->in_memory().empty());
    CHECK(folder.open("none", Access::read_fixed) == nullptr);
}

TEST_CASE("a mapped file is read like any other, also at its end and behind it") {
    HandmadeStore store;
    store.file("a", "hello");
    const MappedFolder folder{store.disk.open_folder(kStore)};
    const auto file = folder.open("a", Access::read_fixed);
    CHECK(read(*file, 0, 5) == "hello");
    CHECK(read(*file, 1, 3) == "ell");
    CHECK(read(*file, 3, 5) == "lo");
    CHECK(read(*file, 5, 1).empty());
    CHECK(read(*file, 6, 1).empty());
    CHECK(read(*file, ~std::uint64_t{0}, 2).empty());
    CHECK(file->size() == 5);
}

// Keys in several logs and hints, the newest of them in the active log and in no hint.
struct Fixture {
    HandmadeStore store;
    std::map<std::string, std::string> expected;

    Fixture() {
        WriterOptions options;
        options.max_log_size = 20'000;
        options.max_tail = 1'000;
        for (int round = 0; round < 4; ++round) {
            Writer writer{store.disk, kStore, options};
            for (int i = round; i < 2'000; i += round + 1) {
                const std::string key = "key" + std::to_string(i);
                expected[key] = "value" + std::to_string(round);
                writer.put(key, expected[key]);
            }
            writer.commit();
        }
        store.put("newest", "1");
        expected["newest"] = "1";
    }

    [[nodiscard]] Reader reader() {
        return Reader{store.disk, kStore, ReaderOptions{.only_key = {}, .mapped = true}};
    }
};

TEST_CASE("a mapped reader finds what there is, again and again, and nothing else") {
    Fixture fixture;
    REQUIRE(fixture.store.logs().size() > 5);
    REQUIRE_FALSE(store::list_store(*fixture.store.folder).hints.empty());
    Reader reader = fixture.reader();
    for (int round = 0; round < 3; ++round) {
        for (const auto& [key, value] : fixture.expected) {
            const Answer answer = reader.get(key);
            REQUIRE(answer.value);
            CHECK(test::read_all(*answer.value) == value);
            CHECK_FALSE(reader.get(key + "~").value);
        }
    }
    std::map<std::string, std::string> scanned;
    const auto cursor = reader.scan({}, Visit::pairs);
    while (cursor->next()) {
        scanned.emplace(cursor->key(), test::read_all(cursor->value()));
    }
    CHECK(scanned == fixture.expected);
}

TEST_CASE("a mapped reader that lives on finds what a compaction has moved") {
    Fixture fixture;
    Reader reader = fixture.reader();
    CHECK(reader.get("key1").value);
    {
        Writer writer{fixture.store.disk, kStore, {}};
        (void)writer.compact({});
    }
    for (const auto& [key, value] : fixture.expected) {
        const Answer answer = reader.get(key);
        REQUIRE(answer.value);
        CHECK(test::read_all(*answer.value) == value);
    }
}

TEST_CASE("a mapped reader sees damage, in hints as in logs") {
    Fixture fixture;
    SECTION("in hints: the logs tell all the same") {
        for (const std::string& name : store::list_store(*fixture.store.folder).hints) {
            std::string bytes = fixture.store.bytes(name);
            for (std::size_t at = 100; at < bytes.size(); at += 1'000) {
                bytes = test::flipped(bytes, at);
            }
            fixture.store.file(name, bytes);
        }
        Reader reader = fixture.reader();
        for (const auto& [key, value] : fixture.expected) {
            CHECK(test::read_all(*reader.get(key).value) == value);
        }
    }
    SECTION("in a log: an error, and every other key is there") {
        // The first record is that of "key0", which no later round has put.
        const std::string log = fixture.store.logs().front();
        std::string bytes = fixture.store.bytes(log);
        const std::size_t at = bytes.find("value");
        REQUIRE(at != std::string::npos);
        fixture.store.file(log, test::flipped(bytes, at));
        Reader reader = fixture.reader();
        std::size_t failures = 0;
        for (const auto& [key, value] : fixture.expected) {
            try {
                const Answer answer = reader.get(key);
                CHECK(test::read_all(*answer.value) == value);
            } catch (const Error& error) {
                CHECK(error.kind() == ErrorKind::corrupt);
                CHECK(key == "key0");
                ++failures;
            }
        }
        CHECK(failures == 1);
    }
}

}  // namespace
}  // namespace bitask::io
