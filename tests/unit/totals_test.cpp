#include "keydir/totals.hpp"

#include "bitask/writer.hpp"
#include "keydir/manifest.hpp"
#include "store/hint_files.hpp"
#include "store/recovery.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <span>
#include <string>

// The totals in the manifest: where they are known they are those that a count comes to.
namespace bitask::test {
namespace {

keydir::Manifest manifest_of(HandmadeStore& store) {
    const auto manifest =
        store::read_manifest(store.disk, *store.folder, store::ManifestPart::whole);
    REQUIRE(manifest);
    return *manifest;
}

// The manifest tells what the logs alone tell.
void expect_true_totals(HandmadeStore& store) {
    const keydir::Manifest manifest = manifest_of(store);
    REQUIRE(manifest.has_totals);
    keydir::Totals counted =
        store::recover_beside_writers(store.disk, *store.folder, store::Hints::ignored,
                                      {.all_logs = true})
            .keydir.totals();
    CHECK(manifest.live_keys == counted.live_keys);
    CHECK(manifest.live_bytes == counted.live_bytes);
    for (const keydir::Manifest::Log& log : manifest.logs) {
        CAPTURE(log.name.number);
        CHECK(log.live_bytes == (log.retired ? 0 : counted.logs[log.name].live_bytes));
        CHECK(log.tombstone_bytes == (log.retired ? 0 : counted.logs[log.name].tombstone_bytes));
    }
}

void forget_totals(HandmadeStore& store) {
    keydir::Manifest manifest = manifest_of(store);
    manifest.set_totals(std::nullopt);
    store.file(keydir::kManifestFile, keydir::encode_manifest(manifest));
}

void load(HandmadeStore& store, int from, int to, const std::string& value) {
    WriterOptions options;
    options.max_log_size = 20'000;
    Writer writer{store.disk, kStore, options};
    for (int i = from; i < to; ++i) {
        writer.put("key" + std::to_string(i), value);
    }
    writer.commit();
}

TEST_CASE("a load that is no small part of a store leaves its totals known") {
    HandmadeStore store;
    load(store, 0, 20'000, "one");
    load(store, 10'000, 14'500, "another");  // less than would write all hints anew
    CHECK(manifest_of(store).hints.size() == 2);
    expect_true_totals(store);
}

TEST_CASE("a load in many pieces leaves its totals known") {
    HandmadeStore store;
    load(store, 0, 20'000, "one");
    load(store, 10'000, 13'000, std::string(3'000, 'x'));  // hints are written on the way
    CHECK(manifest_of(store).hints.size() > 2);
    expect_true_totals(store);
}

TEST_CASE("a compaction finds out totals that were left open, and leaves them known") {
    const bool much = GENERATE(true, false);
    CAPTURE(much);
    HandmadeStore store;
    load(store, 0, 5'000, "one");
    load(store, much ? 0 : 4'000, 5'000, "another");
    forget_totals(store);
    Writer{store.disk, kStore, {}}.compact({});
    expect_true_totals(store);
}

}  // namespace
}  // namespace bitask::test
