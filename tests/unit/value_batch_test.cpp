#include "store/value_batch.hpp"

#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "io/thread_worker.hpp"
#include "log/record.hpp"
#include "store/listing.hpp"
#include "store/recovery.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {
namespace {

using test::HandmadeStore;
using test::kStore;

constexpr std::size_t kRoom = 1024 * 1024;  // bytes

// What a store holds, and a batch over it.
struct Fixture {
    HandmadeStore store;
    std::map<std::string, std::string> expected;
    LogFiles files{*store.folder};
    ValueBatch batch{kRoom};

    void put(const std::string& key, const std::string& value) {
        WriterOptions options;
        options.max_log_size = 3'000;
        store.put(key, value, options);
        expected[key] = value;
    }

    // In the order of the keys.
    void add_all() {
        const Recovery state =
            recover_beside_writers(store.disk, *store.folder, Hints::trusted, {});
        const auto cursor = state.keydir.cursor();
        for (bool more = cursor->seek({}); more; more = cursor->next()) {
            REQUIRE(batch.add(cursor->key(), cursor->entry()));
        }
    }

    // Which of the records have one.
    [[nodiscard]] std::vector<bool> values() {
        std::vector<bool> values;
        while (batch.next()) {
            values.push_back(batch.value().has_value());
        }
        return values;
    }

    void read(io::Worker* helper = nullptr) {
        const auto logs = list_store(*store.folder).logs;
        batch.prepare();
        io::Beside second{helper, [&] { batch.read(files, logs); }};
        batch.read(files, logs);
        second.finish();
    }
};

TEST_CASE("a batch has the values of all its records, in whatever order they were written") {
    Fixture fixture;
    for (int i = 0; i < 300; ++i) {
        fixture.put("key" + std::to_string(i * 7919 % 300),
                    std::string(static_cast<std::size_t>(i % 90 + 1), 'v') + std::to_string(i));
    }
    io::WorkerAtOnce at_once;
    io::ThreadWorker beside;
    for (io::Worker* const helper :
         {static_cast<io::Worker*>(nullptr), static_cast<io::Worker*>(&at_once),
          static_cast<io::Worker*>(&beside)}) {
        fixture.add_all();
        fixture.read(helper);
        REQUIRE(fixture.batch.size() == fixture.expected.size());
        for (const auto& [key, value] : fixture.expected) {
            REQUIRE(fixture.batch.next());
            CHECK(fixture.batch.key() == key);
            CHECK(fixture.batch.value() == std::optional<std::string_view>{value});
            CHECK_FALSE(fixture.batch.entry());  // for those without a value
        }
        CHECK_FALSE(fixture.batch.next());
        fixture.batch.clear();
        CHECK(fixture.batch.size() == 0);
        CHECK_FALSE(fixture.batch.next());
    }
}

TEST_CASE("a batch tells whether its records were found together") {
    const auto percent_wanted = [](std::uint64_t max_log_size) {
        Fixture fixture;
        WriterOptions options;
        options.max_log_size = max_log_size;
        for (int i = 100; i < 300; ++i) {
            fixture.store.put("key" + std::to_string(i), "value", options);
        }
        fixture.add_all();
        fixture.read();
        return fixture.batch.percent_wanted();
    };
    CHECK(percent_wanted(kDefaultMaxLogSize) == 100);
    CHECK(percent_wanted(1) == 0);  // a log for each
}

TEST_CASE("a batch tells how much it read of what lies between its records") {
    Fixture fixture;
    for (int i = 1000; i < 2000; ++i) {
        fixture.store.put("key" + std::to_string(i), "value", {});
    }
    const Recovery state =
        recover_beside_writers(fixture.store.disk, *fixture.store.folder, Hints::trusted, {});
    for (int i = 1000; i < 2000; i += 3) {
        const std::string key = "key" + std::to_string(i);
        REQUIRE(fixture.batch.add(key, *state.keydir.find(key)));
    }
    fixture.read();
    CHECK(fixture.batch.percent_wanted() >= 33);
    CHECK(fixture.batch.percent_wanted() <= 34);
    for (int i = 1000; i < 2000; i += 3) {
        REQUIRE(fixture.batch.next());
        REQUIRE(fixture.batch.value() == "value");
    }
}

TEST_CASE("a batch that is used again has what was asked for last, whatever it had before") {
    struct Kind {
        std::string prefix;
        int count;
        std::size_t value_size;
    };
    const Kind small{"small", 20'000, 4};
    const Kind large{"large", 60, 30'000};
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, {}};
        for (const Kind& kind : {small, large}) {
            for (int i = 0; i < kind.count; ++i) {
                const std::string key = kind.prefix + std::to_string(i);
                writer.put(key, key + std::string(kind.value_size, 'v'));
            }
        }
        writer.commit();
    }
    const Recovery state = recover_beside_writers(store.disk, *store.folder, Hints::trusted, {});
    LogFiles files{*store.folder};
    ValueBatch batch{2 * kRoom};  // for either kind, but not for what both take
    const auto read_all = [&](const Kind& kind) {
        for (int i = 0; i < kind.count; ++i) {
            const std::string key = kind.prefix + std::to_string(i);
            REQUIRE(batch.add(key, *state.keydir.find(key)));
        }
        batch.prepare();
        batch.read(files, state.listed);
        for (int i = 0; i < kind.count; ++i) {
            const std::string key = kind.prefix + std::to_string(i);
            REQUIRE(batch.next());
            REQUIRE(batch.key() == key);
            REQUIRE(batch.value() ==
                    std::optional<std::string_view>{key + std::string(kind.value_size, 'v')});
        }
        batch.clear();
    };
    for (int round = 0; round < 2; ++round) {
        read_all(small);
        read_all(large);
        batch.release();
        read_all(large);
        read_all(small);
    }
}

TEST_CASE("a batch that is released keeps no memory for values") {
    constexpr std::size_t kMuch = 32 * kRoom;
    const auto pages_mapped = [] {
        std::ifstream file{"/proc/self/statm"};  // counts in pages; see proc(5)
        std::size_t pages = 0;
        REQUIRE(file >> pages);
        return pages;
    };
    const std::size_t before = pages_mapped();
    ValueBatch batch{kMuch};
    keydir::Entry entry;
    entry.header.key_size = 1;
    entry.header.value_size = 20'000;
    while (batch.add("k", entry)) {
    }
    batch.prepare();
    constexpr std::size_t kPage = 4096;
    REQUIRE(pages_mapped() > before + kMuch / 2 / kPage);
    batch.release();
    CHECK(pages_mapped() < before + kMuch / 4 / kPage);
}

TEST_CASE("a batch leaves large records alone") {
    Fixture fixture;
    fixture.put("a", "small");
    fixture.put("b", std::string(100'000, 'x'));
    fixture.put("c", "small");
    fixture.add_all();
    fixture.read();
    CHECK(fixture.values() == std::vector<bool>{true, false, true});
}

TEST_CASE("a batch has nothing of a record that is damaged or gone") {
    Fixture fixture;
    fixture.put("a", "one");
    fixture.put("b", "two");
    fixture.put("c", "three");
    fixture.add_all();
    const std::string log = fixture.store.logs().front();
    constexpr std::uint64_t kFirstTwo = 2 * (log::kHeaderSize + 1 + 3);  // bytes
    SECTION("a flipped bit") {
        fixture.store.disk.flip(kStore, log, kFirstTwo - 1, 1);
        fixture.read();
        CHECK(fixture.values() == std::vector<bool>{true, false, true});
    }
    SECTION("a log that ends too soon") {
        fixture.store.folder->open(log, io::Access::read_write)->truncate(kFirstTwo + 5);
        fixture.read();
        CHECK(fixture.values() == std::vector<bool>{true, true, false});
    }
    SECTION("a log that is gone") {
        fixture.store.folder->remove(log);
        fixture.read();
        CHECK(fixture.values() == std::vector<bool>{false, false, false});
    }
}

TEST_CASE("a batch has nothing of a record that a hint places wrongly") {
    Fixture fixture;
    fixture.put("a", "one");
    fixture.put("b", "two");
    const Recovery state =
        recover_beside_writers(fixture.store.disk, *fixture.store.folder, Hints::trusted, {});
    const keydir::Entry wrong = *state.keydir.find("b");
    REQUIRE(fixture.batch.add("a", wrong));
    fixture.read();
    REQUIRE(fixture.batch.next());
    CHECK_FALSE(fixture.batch.value());
    CHECK(fixture.batch.entry() == wrong);  // for whoever reads it alone
}

TEST_CASE("a batch takes what there is room for, and one record of any size") {
    ValueBatch batch{kRoom};
    keydir::Entry entry;
    entry.header.key_size = 1;
    const auto fill = [&](std::uint32_t value_size) {
        entry.header.value_size = value_size;
        batch.clear();
        while (batch.add("k", entry)) {
        }
        return batch.size();
    };
    CHECK(fill(20'000) == kRoom / 20'100);
    CHECK(fill(1) > kRoom / 100);
    CHECK(batch.bytes() <= kRoom);
    batch.release();
    CHECK(batch.size() == 0);
    CHECK(batch.add(std::string(2 * kRoom, 'k'), entry));
    CHECK_FALSE(batch.add("k", entry));
}

TEST_CASE("a batch that is full of logs reads the records of some, and leaves others alone") {
    ValueBatch batch{32 * kRoom};
    keydir::Entry entry;
    entry.header.key_size = 1;
    entry.header.value_size = 1;
    constexpr std::size_t kLogs = 20'000;
    for (int round = 0; round < 2; ++round) {
        std::size_t placed = 0;
        for (std::size_t i = 0; i < kLogs; ++i) {
            entry.location.log.number = i;
            REQUIRE(batch.add("k", entry));
        }
        for (std::size_t i = 0; i < kLogs; ++i) {
            REQUIRE(batch.next());
            CHECK_FALSE(batch.value());
            const auto found = batch.entry();
            entry.location.log.number = i;
            placed += found == entry ? std::size_t{1} : std::size_t{0};
            REQUIRE((found == entry || !found));
        }
        CHECK(placed >= 10'000);
        CHECK(placed < kLogs);
        batch.clear();
    }
}

TEST_CASE("a batch cannot tell of a record behind the first TiB of its log, and leaves it unread") {
    Fixture fixture;
    fixture.put("a", "one");
    keydir::Entry near;
    near.header.key_size = 1;
    near.header.value_size = 1;
    near.location.offset = 1000;
    keydir::Entry far = near;
    far.location.offset = Places::kMaxOffset + 1;
    REQUIRE(fixture.batch.add("n", near));
    REQUIRE(fixture.batch.add("f", far));
    fixture.read();
    REQUIRE(fixture.batch.next());
    CHECK_FALSE(fixture.batch.value());
    CHECK(fixture.batch.entry() == near);
    REQUIRE(fixture.batch.next());
    CHECK_FALSE(fixture.batch.value());
    CHECK_FALSE(fixture.batch.entry());
}

}  // namespace
}  // namespace bitask::store

namespace bitask::test {
namespace {

TEST_CASE("a scan goes on behind a damaged value in the midst of many") {
    HandmadeStore store;
    std::size_t damaged = 0;
    {
        Writer writer{store.disk, kStore, {}};
        for (int i = 1000; i < 1500; ++i) {
            writer.put("key" + std::to_string(i), "value" + std::to_string(i));
        }
        writer.commit();
    }
    const std::string log = store.logs().front();
    constexpr std::uint64_t kRecord = log::kHeaderSize + 7 + 9;
    store.disk.flip(kStore, log, 250 * kRecord + kRecord - 1, 1);
    const Reader reader{store.disk, kStore};
    const auto cursor = reader.scan({}, Visit::pairs);
    std::size_t good = 0;
    for (;;) {
        try {
            if (!cursor->next()) {
                break;
            }
            CHECK(read_all(cursor->value()) == "value" + std::string{cursor->key()}.substr(3));
            ++good;
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::corrupt);
            ++damaged;
        }
    }
    CHECK(good == 499);
    CHECK(damaged <= 1);
}

TEST_CASE("a scan with a limit gets as many pairs as there are, though some go meanwhile") {
    HandmadeStore store;
    for (int i = 100; i < 200; ++i) {
        store.put("key" + std::to_string(i), "value");
    }
    const Reader reader{store.disk, kStore};
    Range range;
    range.limit = 50;
    const auto cursor = reader.scan(range, Visit::pairs);
    REQUIRE(cursor->next());
    store.remove("key110");
    store.remove("key120");
    CompactionOptions all;
    all.min_garbage_percent = 0;
    Writer{store.disk, kStore, {}}.compact(all);
    std::size_t count = 1;
    std::string last{cursor->key()};
    while (cursor->next()) {
        CHECK(cursor->key() > last);
        last = cursor->key();
        CHECK(read_all(cursor->value()) == "value");
        ++count;
    }
    CHECK(count == 50);
}

}  // namespace
}  // namespace bitask::test
