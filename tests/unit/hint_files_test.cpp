#include "store/hint_files.hpp"

#include "support/catch.hpp"
#include "support/memory_environment.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bitask::store {
namespace {

using keydir::Entry;
using keydir::Keydir;
using keydir::Manifest;

const log::LogName kLog{1, 0, log::LogKind::sealed};

class Folder {
public:
    Folder() {
        disk.create_folder("store");
        disk.sync_path("store");
        folder = disk.open_folder("store");
    }

    // What a writer does with the keys that it has written.
    Manifest publish(const std::vector<std::string>& keys, const PublishOptions& options = {},
                     bool synced = true) {
        const auto current = read_manifest(disk, *folder, ManifestPart::whole);
        Keydir keydir = current ? Keydir{*folder, current->hints, current->totals()} : Keydir{};
        for (const std::string& key : keys) {
            keydir.apply(key, {.location = {kLog, 100 * ++clock_},
                               .header = {.crc = 0,
                                          .timestamp = clock_,
                                          .key_size = static_cast<std::uint32_t>(key.size()),
                                          .value_size = 1}});
        }
        Manifest next;
        next.active_log = 1;
        next.position = 100 * clock_ + 100;
        next.logs.push_back({.name = kLog, .size = next.position});
        if (!synced) {
            next.unsynced_in = disk.this_run();
        }
        return publish_hints(*folder, keydir, current, next, options);
    }

    [[nodiscard]] std::optional<Manifest> read(ManifestPart part = ManifestPart::whole) {
        return read_manifest(disk, *folder, part);
    }

    [[nodiscard]] std::optional<Entry> find(const std::string& key) {
        const auto manifest = read();
        REQUIRE(manifest);
        return Keydir{*folder, manifest->hints, manifest->totals()}.find(key);
    }

    [[nodiscard]] bool has(const std::string& name) const {
        return folder->identity(name).has_value();
    }

    test::MemoryEnvironment disk;
    std::unique_ptr<io::Folder> folder;

private:
    std::uint64_t clock_ = 0;
};

constexpr PublishOptions kRoomForThree{.max_hints = 3};

TEST_CASE("what is published is found by whoever reads the manifest") {
    Folder store;
    const Manifest written = store.publish({"a", "b"}, kRoomForThree);
    CHECK(store.read() == written);
    CHECK(store.read(ManifestPart::head)->hints == written.hints);
    CHECK(store.find("a")->location.offset == 100);
    CHECK(store.find("b")->location.offset == 200);
    CHECK_FALSE(store.find("c"));
    CHECK(written.totals()->live_keys == 2);
}

TEST_CASE("a head that takes more than a page is read as a whole") {
    Folder store;
    PublishOptions options;
    options.max_hints = 100;
    Manifest written;
    for (int i = 0; i < 60; ++i) {
        written = store.publish({std::to_string(i)}, options);
    }
    REQUIRE(written.hints.size() == 60);
    const auto head = store.read(ManifestPart::head);
    REQUIRE(head);
    CHECK(head->hints == written.hints);
    CHECK(head->logs.empty());
    CHECK(store.read() == written);
}

TEST_CASE("of two hints the newer one counts, and totals count a key once") {
    Folder store;
    store.publish({"a", "b"}, kRoomForThree);
    const Manifest written = store.publish({"b", "c"}, kRoomForThree);
    CHECK(written.hints.size() == 2);
    CHECK(store.find("a")->location.offset == 100);
    CHECK(store.find("b")->location.offset == 300);
    CHECK(written.totals()->live_keys == 3);
}

TEST_CASE("hints that are merged go away with the manifest that named them, and not before") {
    Folder store;
    for (const char* key : {"a", "b", "c"}) {
        store.publish({key}, kRoomForThree);
    }
    REQUIRE(store.read()->hints.size() == 3);
    const Manifest written = store.publish({"d"}, kRoomForThree);
    CHECK(written.hints.size() == 1);
    CHECK_FALSE(store.has("1.hint"));
    CHECK_FALSE(store.has("3.hint"));
    CHECK(store.has("4.hint"));
    for (const char* key : {"a", "b", "c", "d"}) {
        CHECK(store.find(key));
    }
}

TEST_CASE("a writer may leave one hint, whatever it takes") {
    Folder store;
    store.publish({"a"}, kRoomForThree);
    CHECK(store.publish({"b"}, {.merge_all = true}).hints.size() == 1);
    CHECK(store.find("a"));
    CHECK(store.find("b"));
}

TEST_CASE("a manifest of unsynced hints is good for this run of the system alone") {
    Folder store;
    store.publish({"a"}, kRoomForThree, false);
    CHECK(store.read());
    test::MemoryEnvironment later =
        store.disk.after_power_cut({.names = test::Names::early, .bytes = test::Bytes::all});
    const auto folder = later.open_folder("store");
    REQUIRE(folder->identity(keydir::kManifestFile));
    CHECK_FALSE(read_manifest(later, *folder, ManifestPart::whole));
    CHECK_FALSE(read_manifest(later, *folder, ManifestPart::head));
}

TEST_CASE("a synced manifest syncs the unsynced hints that it keeps") {
    Folder store;
    store.publish({"a"}, kRoomForThree, false);
    const Manifest written = store.publish({"b"}, kRoomForThree);
    REQUIRE(written.hints.size() == 2);
    test::MemoryEnvironment later = store.disk.after_power_cut({});
    const auto folder = later.open_folder("store");
    const auto read = read_manifest(later, *folder, ManifestPart::whole);
    REQUIRE(read == written);
    const Keydir keydir{*folder, read->hints, read->totals()};
    CHECK(keydir.find("a"));
    CHECK(keydir.find("b"));
}

TEST_CASE("a file in the way of a new hint gives way, whoever left it") {
    Folder store;
    REQUIRE(store.folder->create("1.hint"));
    REQUIRE(store.folder->create(keydir::kNewManifestFile));
    store.publish({"a"}, kRoomForThree);
    CHECK(store.find("a"));
}

TEST_CASE("whether all hints are there is told without reading them") {
    Folder store;
    store.publish({"a"}, kRoomForThree);
    store.publish({"b"}, kRoomForThree);
    const Manifest manifest = *store.read();
    CHECK(has_hints(*store.folder, manifest));
    store.folder->remove("1.hint");
    CHECK_FALSE(has_hints(*store.folder, manifest));
}

TEST_CASE("once the manifest is removed no power cut brings it back") {
    Folder store;
    store.publish({"a"}, kRoomForThree);
    remove_manifest(*store.folder);
    CHECK_FALSE(store.read());
    for (const test::PowerCut& cut : test::all_power_cuts(1)) {
        CAPTURE(describe(cut));
        test::MemoryEnvironment later = store.disk.after_power_cut(cut);
        CHECK_FALSE(later.open_folder("store")->identity(keydir::kManifestFile));
    }
}

}  // namespace
}  // namespace bitask::store
