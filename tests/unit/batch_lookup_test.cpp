#include "store/batch_lookup.hpp"

#include "io/thread_worker.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/hint_node.hpp"
#include "keydir/hint_writer.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>

// Keys are looked for in two halves of their order: what either finds has to be what one look
// finds.
namespace bitask::store {
namespace {

using test::HandmadeStore;

enum class Beginnings { all_kinds, one_for_all, one_for_some, families };

std::string key_of(std::uint64_t number, Beginnings beginnings) {
    const std::string digits = std::to_string(number * 7919);
    switch (beginnings) {
        case Beginnings::one_for_all: return "beginning" + digits;
        case Beginnings::one_for_some: return (number / 2 % 2 == 0 ? "beginning" : "") + digits;
        case Beginnings::families: {
            std::string key =
                std::to_string(10'000'000 + number / 50) + std::to_string(number % 50);
            return number % 50 == 0 ? key.substr(0, 8) : key;  // the beginning of its relatives
        }
        case Beginnings::all_kinds: break;
    }
    return digits;
}

// Of every second number, with some in a hint and some in the table.
keydir::Keydir directory(HandmadeStore& store, std::uint64_t numbers, Beginnings beginnings) {
    keydir::Keydir keydir;
    for (std::uint64_t i = 0; i < numbers; i += 2) {
        keydir.apply(key_of(i, beginnings),
                     {.location = {.log = {1}, .offset = i},
                      .header = {.crc = 0, .timestamp = i, .key_size = 1, .value_size = 1}});
        if (i == numbers / 2 / 2 * 2) {
            keydir.spill(*store.folder);
        }
    }
    return keydir;
}

KeyBatch batch_of(std::size_t keys, std::uint64_t numbers, Beginnings beginnings) {
    std::mt19937_64 random{keys};
    KeyBatch batch;
    for (std::size_t i = 0; i < keys; ++i) {
        REQUIRE(batch.add(key_of(random() % numbers, beginnings)));
    }
    return batch;
}

void check_found(const FoundKeys& found, const keydir::Keydir& keydir, const KeyBatch& keys) {
    REQUIRE(found.entries.size() == keys.size());
    REQUIRE(found.repeated.size() == keys.size());
    std::set<std::string_view> before;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const bool repeated = !before.insert(keys[i]).second;
        wrong += found.entries[i] == keydir.find(keys[i]) ? 0U : 1U;
        wrong += (found.repeated[i] != 0) == repeated ? 0U : 1U;
    }
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("a key of a batch is found as it is alone, whoever looks for it") {
    const auto beginnings = GENERATE(Beginnings::all_kinds, Beginnings::one_for_all,
                                     Beginnings::one_for_some, Beginnings::families);
    const std::size_t size = GENERATE(0U, 1U, 2U, 3U, 100U, 5000U);
    CAPTURE(static_cast<int>(beginnings), size);
    HandmadeStore store;
    const keydir::Keydir keydir = directory(store, 4000, beginnings);
    const KeyBatch keys = batch_of(size, 4000, beginnings);
    io::ThreadWorker beside;
    io::WorkerAtOnce at_once;
    check_found(find_all(keydir, keys, nullptr), keydir, keys);
    check_found(find_all(keydir, keys, &beside), keydir, keys);
    check_found(find_all(keydir, keys, &at_once), keydir, keys);
}

TEST_CASE("a damaged leaf is told of, whichever half of the keys it is met in") {
    HandmadeStore store;
    const auto file = store.folder->create(keydir::hint_file_name(1));
    keydir::HintWriter writer{*file, 1, 7};
    KeyBatch keys;
    for (int i = 10'000; i < 20'000; ++i) {
        keys.add(std::to_string(i));
        writer.add(std::to_string(i),
                   {.location = {.log = {1}, .offset = 0},
                    .header = {.crc = 0, .timestamp = 1, .key_size = 5, .value_size = 1}});
    }
    const keydir::HintInfo info = writer.finish();
    const keydir::Keydir keydir{*store.folder, {info}, std::nullopt};
    io::ThreadWorker beside;
    check_found(find_all(keydir, keys, &beside), keydir, keys);

    const std::string good = store.bytes(keydir::hint_file_name(1));
    const auto leaves = static_cast<std::size_t>(info.root_page);
    const std::size_t page = GENERATE_COPY(std::size_t{0}, leaves / 2, leaves - 1);
    const std::size_t other = GENERATE_COPY(std::size_t{0}, leaves - 1);
    std::string bad = test::flipped(good, page * keydir::kPageSize + 100);
    if (other != page) {
        bad = test::flipped(bad, other * keydir::kPageSize + 100);  // in both halves
    }
    store.file(keydir::hint_file_name(1), bad);
    const keydir::Keydir damaged{*store.folder, {info}, std::nullopt};
    CHECK_THROWS_AS(find_all(damaged, keys, &beside), keydir::HintDamaged);
}

}  // namespace bitask::store
