#include "bitask/reader.hpp"
#include "bitask/verify.hpp"
#include "bitask/writer.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

// Whatever becomes of the hints and the manifest, the answers are those of the logs.
namespace bitask::test {
namespace {

WriterOptions with_hints() {
    WriterOptions options;
    options.max_tail = 0;
    options.max_log_size = 400;
    return options;
}

// Three hints and more, over several logs, with tombstones.
Contents fill(HandmadeStore& store) {
    Contents expected;
    for (int i = 0; i < 30; ++i) {
        const std::string key = "key" + std::to_string(i % 20);
        store.disk.set_clock(kNow + static_cast<std::uint64_t>(i));
        store.put(key, "value" + std::to_string(i), with_hints());
        expected[key] = "value" + std::to_string(i);
        if (i % 7 == 3) {
            Writer writer{store.disk, kStore, with_hints()};
            REQUIRE(writer.remove(key));
            writer.commit();
            expected.erase(key);
        }
    }
    return expected;
}

Strings hint_files(HandmadeStore& store) {
    Strings names;
    for (const std::string& name : store.files()) {
        if (name.ends_with(".hint") || name.ends_with(".manifest")) {
            names.push_back(name);
        }
    }
    return names;
}

void check(HandmadeStore& store, const Contents& expected) {
    CHECK(store.contents() == expected);
    const Reader reader{store.disk, kStore};
    for (int i = 0; i < 21; ++i) {
        const std::string key = "key" + std::to_string(i);
        const auto found = expected.find(key);
        const Answer answer = Reader{store.disk, kStore}.get(key);
        CHECK(answer.doubt.empty());
        CHECK((answer.value ? read_all(*answer.value) : "(none)") ==
              (found == expected.end() ? "(none)" : found->second));
    }
    CHECK(reader.count({}) == expected.size());
    CHECK(reader.statistics().keys == expected.size());
}

// The next writer makes hints anew that are good.
void check_repair(HandmadeStore& store, Contents expected) {
    store.put("key3", "repaired", with_hints());
    expected["key3"] = "repaired";
    check(store, expected);
    Writer{store.disk, kStore, with_hints()}.compact({});
    check(store, expected);
    CHECK(verify(store.disk, kStore, nullptr).damage == Strings{});
    CHECK(Reader{store.disk, kStore}.statistics().hints == 1);
}

}  // namespace

TEST_CASE("a store with hints is as one without") {
    HandmadeStore store;
    const Contents expected = fill(store);
    REQUIRE(hint_files(store).size() > 3);
    CHECK(verify(store.disk, kStore, nullptr).damage.empty());
    check(store, expected);
    check_repair(store, expected);
}

TEST_CASE("hints and manifest may be deleted, one by one and all together") {
    HandmadeStore full;
    const Contents expected = fill(full);
    for (const std::string& name : hint_files(full)) {
        HandmadeStore store;
        store.disk = full.disk.after_kill();
        store.folder = store.disk.open_folder(kStore);
        store.folder->remove(name);
        CAPTURE(name);
        check(store, expected);
        check_repair(store, expected);
    }
    for (const std::string& name : hint_files(full)) {
        full.folder->remove(name);
    }
    check(full, expected);
    check_repair(full, expected);
}

TEST_CASE("every byte of the hints and the manifest may change") {
    HandmadeStore store;
    const Contents expected = fill(store);
    for (const std::string& name : hint_files(store)) {
        const std::size_t size = store.bytes(name).size();
        for (std::size_t at = 0; at < size; ++at) {
            CAPTURE(name, at);
            store.disk.flip(kStore, name, at, 0x10);
            REQUIRE(store.contents() == expected);
            REQUIRE(Reader{store.disk, kStore}.count({}) == expected.size());
            store.disk.flip(kStore, name, at, 0x10);
        }
    }
    check_repair(store, expected);
}

TEST_CASE("hints and manifest may be cut at any length") {
    HandmadeStore store;
    const Contents expected = fill(store);
    for (const std::string& name : hint_files(store)) {
        const std::string bytes = store.bytes(name);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            CAPTURE(name, cut);
            replace_bytes(store.disk, kStore, name, bytes.substr(0, cut));
            REQUIRE(store.contents() == expected);
        }
        replace_bytes(store.disk, kStore, name, bytes);
    }
    check(store, expected);
}

// Keys so long that four of them fill a leaf, and that the tree is deep.
TEST_CASE("every byte of a hint of several levels may change") {
    HandmadeStore store;
    Contents expected;
    {
        Writer writer{store.disk, kStore, with_hints()};
        for (int i = 0; i < 80; ++i) {
            const std::string number = std::to_string(1000 + i);
            const std::string key = number + std::string(900, static_cast<char>('a' + i % 26));
            writer.put(key, "value" + number);
            expected[key] = "value" + number;
        }
        writer.commit();
        writer.compact({});
    }
    REQUIRE(hint_files(store).size() == 2);
    const std::string hint = hint_files(store).back();
    REQUIRE(hint.ends_with(".hint"));
    const std::size_t size = store.bytes(hint).size();
    REQUIRE(size > 80 * std::size_t{1024});
    for (std::size_t at = 0; at < size; ++at) {
        CAPTURE(at);
        store.disk.flip(kStore, hint, at, 0x01);
        const auto& [key, value] = at % 2 == 0 ? *expected.begin() : *expected.rbegin();
        REQUIRE(store.get(key) == value);
        if (at % 64 == 0) {
            REQUIRE(store.contents() == expected);
        }
        store.disk.flip(kStore, hint, at, 0x01);
    }
}

TEST_CASE("hints of an earlier state of the store, or of another one, are noticed") {
    HandmadeStore store;
    fill(store);
    HandmadeStore earlier;
    earlier.disk = store.disk.after_kill();
    earlier.folder = earlier.disk.open_folder(kStore);
    store.put("key1", "later", with_hints());
    store.put("key30", "later", with_hints());
    Writer{store.disk, kStore, with_hints()}.compact({});
    const Contents expected = store.contents();
    for (const std::string& name : hint_files(store)) {
        store.folder->remove(name);
    }
    for (const std::string& name : hint_files(earlier)) {
        store.file(name, earlier.bytes(name));
    }
    CHECK(store.contents() == expected);
    check_repair(store, expected);
}

TEST_CASE("logs that another program has changed overtake the hints") {
    HandmadeStore store;
    Contents expected = fill(store);
    const std::string active = active_log(store.disk, kStore);

    SECTION("a record was appended, with a time before that of others") {
        store.file(active, store.bytes(active) + make_record("key1", "foreign", kNow + 5000) +
                               make_record("key2", "old", 1));
        expected["key1"] = "foreign";
    }
    SECTION("the active log was sealed, and another begun") {
        const std::string bytes = store.bytes(active);
        store.folder->remove(active);
        store.file(active.substr(0, active.find('.')) + ".log", bytes);
        store.file("1900000000000.active.log", make_record("key1", "foreign", kNow + 5000));
        expected["key1"] = "foreign";
    }
    SECTION("the active log was sealed, and has lost its end") {
        store.put("key1", "unharmed", with_hints());
        const std::string name = active_log(store.disk, kStore);
        const std::string bytes = store.bytes(name);
        store.folder->remove(name);
        store.file(name.substr(0, name.find('.')) + ".log", bytes + "torn");
        CHECK(verify(store.disk, kStore, nullptr).damage.size() == 1);
        store.put("key2", "goes on", with_hints());
        CHECK(store.get("key2") == "goes on");
        return;
    }
    SECTION("sealed logs were compacted into one of a higher number") {
        std::string moved;
        for (const std::string& name : store.logs()) {
            if (name != active) {
                moved += store.bytes(name);
                store.folder->remove(name);
            }
        }
        store.file("1900000000000.log", moved);
    }
    check(store, expected);
    check_repair(store, expected);
}

TEST_CASE("a record that is damaged behind its hint is damage, and spares all others") {
    HandmadeStore store;
    const Contents expected = fill(store);
    const std::string first = store.logs().front();
    const std::string bytes = store.bytes(first);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        store.disk.flip(kStore, first, at, 0x04);
        for (const auto& [key, value] : expected) {
            CAPTURE(at, key);
            try {
                const Answer answer = Reader{store.disk, kStore}.get(key);
                REQUIRE((answer.value || !answer.doubt.empty()));
                REQUIRE(read_all(*answer.value) == value);
            } catch (const Error& error) {
                REQUIRE(error.kind() == ErrorKind::corrupt);
            }
        }
        store.disk.flip(kStore, first, at, 0x04);
    }
}

}  // namespace bitask::test
