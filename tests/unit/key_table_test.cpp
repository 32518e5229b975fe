#include "store/key_table.hpp"

#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "io/mapped_folder.hpp"
#include "store/view.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

// Gets of so many keys, one by one, that a table of them pays.
namespace bitask::store {
namespace {

using test::HandmadeStore;
using test::kStore;

constexpr int kKeys = 3'000;

std::string key_of(int number) {
    return "key" + std::to_string(number);
}

// Keys in several logs and hints; some were put anew, some removed, and some are in no hint.
struct Fixture {
    HandmadeStore store;
    std::map<std::string, std::string> expected;
    WriterOptions options;

    Fixture() {
        options.max_log_size = 20'000;
        options.max_tail = 1'000;
        for (int round = 1; round <= 3; ++round) {
            Writer writer{store.disk, kStore, options};
            for (int i = 0; i < kKeys; i += round) {
                expected[key_of(i)] = "value" + std::to_string(round * i);
                writer.put(key_of(i), expected[key_of(i)]);
            }
            for (int i = round; i < kKeys; i += 100) {
                REQUIRE(writer.remove(key_of(i)) == (expected.erase(key_of(i)) == 1));
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

std::string get(const Reader& reader, const std::string& key) {
    const Answer answer = reader.get(key);
    CHECK(answer.doubt.empty());
    return answer.value ? test::read_all(*answer.value) : "(none)";
}

// As the other form of get() tells.
std::string get_copy(const Reader& reader, const std::string& key) {
    std::string value = "from before";
    return reader.get(key, value) == Found::yes ? value : "(none)";
}

void check_all(const Reader& reader, const std::map<std::string, std::string>& expected) {
    for (int i = -kKeys; i < kKeys; ++i) {  // half of them were never there
        const auto known = expected.find(key_of(i));
        const std::string value = known == expected.end() ? "(none)" : known->second;
        REQUIRE(get(reader, key_of(i)) == value);
        REQUIRE(get_copy(reader, key_of(i)) == value);
    }
    CHECK(get(reader, "newest") == "1");
}

TEST_CASE("a mapped reader answers the same with a table of keys as before it has one") {
    Fixture fixture;
    const Reader reader = fixture.reader();
    for (int round = 0; round < 3; ++round) {
        check_all(reader, fixture.expected);
    }
}

TEST_CASE("values that a mapped reader has found outlive it") {
    Fixture fixture;
    std::map<std::string, std::unique_ptr<Value>> values;
    {
        const Reader reader = fixture.reader();
        for (const auto& [key, value] : fixture.expected) {
            values[key] = reader.get(key).value;
        }
    }
    for (const auto& [key, value] : fixture.expected) {
        REQUIRE(test::read_all(*values[key]) == value);
        CHECK(values[key]->size() == value.size());
    }
}

TEST_CASE("a table of keys tells values and missing keys from what it leaves to others") {
    Fixture fixture;
    View view{fixture.store.disk, kStore, ReaderOptions{.only_key = {}, .mapped = true}};
    view.list_logs();
    const io::MappedFolder folder{fixture.store.disk.open_folder(kStore)};
    LogFiles files{folder};
    const auto table = KeyTable::make(*view.snapshot(), files);
    REQUIRE(table);
    std::size_t unknown = 0;
    std::string found;
    for (const auto& [key, value] : fixture.expected) {
        const KeyTable::Outcome outcome = table->find(key, found);
        REQUIRE(outcome != KeyTable::Outcome::missing);
        if (outcome == KeyTable::Outcome::value) {
            REQUIRE(found == value);
        } else {
            ++unknown;
        }
        REQUIRE(table->find(key + "~", found) != KeyTable::Outcome::value);
    }
    // Those of the active log, which is not mapped.
    CHECK(unknown > 0);
    CHECK(unknown < fixture.expected.size() / 4);
}

TEST_CASE("a table of keys does not show a record of which any bit is another") {
    HandmadeStore store;
    WriterOptions options;
    options.max_log_size = 1;  // a log for each record
    options.max_tail = 0;
    {
        Writer writer{store.disk, kStore, options};
        writer.put("key", "value");
        writer.put("other", "value");
        writer.commit();
    }
    const std::string log = store.logs().front();
    const std::string bytes = store.bytes(log);
    View view{store.disk, kStore, ReaderOptions{.only_key = {}, .mapped = true}};
    view.list_logs();
    std::string found;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            CAPTURE(at, bit);
            store.file(log, test::flipped(bytes, at, 1U << bit));
            const io::MappedFolder folder{store.disk.open_folder(kStore)};
            LogFiles files{folder};
            const auto table = KeyTable::make(*view.snapshot(), files);
            REQUIRE(table);
            REQUIRE(table->find("key", found) == KeyTable::Outcome::unknown);
        }
    }
    store.file(log, bytes);
    const io::MappedFolder folder{store.disk.open_folder(kStore)};
    LogFiles files{folder};
    REQUIRE(KeyTable::make(*view.snapshot(), files)->find("key", found) ==
            KeyTable::Outcome::value);
    CHECK(found == "value");
}

TEST_CASE("a table of keys leaves values to others that are too large for one piece") {
    HandmadeStore store;
    WriterOptions options;
    options.max_log_size = 1;
    options.max_tail = 0;
    const std::string large(1024 * 1024, 'x');
    {
        Writer writer{store.disk, kStore, options};
        writer.put("large", large);
        writer.put("small", large.substr(1024));
        writer.put("last", "1");
        writer.commit();
    }
    const Reader reader{store.disk, kStore, ReaderOptions{.only_key = {}, .mapped = true}};
    for (int round = 0; round < 3; ++round) {
        CHECK(get_copy(reader, "large") == large);
        CHECK(get_copy(reader, "small") == large.substr(1024));
    }
    View view{store.disk, kStore, ReaderOptions{.only_key = {}, .mapped = true}};
    view.list_logs();
    const io::MappedFolder folder{store.disk.open_folder(kStore)};
    LogFiles files{folder};
    const auto table = KeyTable::make(*view.snapshot(), files);
    REQUIRE(table);
    std::string found;
    CHECK(table->find("large", found) == KeyTable::Outcome::unknown);
    CHECK(table->find("small", found) == KeyTable::Outcome::value);
    CHECK(found.size() == large.size() - 1024);
}

TEST_CASE("a mapped reader with a table of keys tells of damage all the same") {
    Fixture fixture;
    const std::string log = fixture.store.logs().front();
    const std::string bytes = fixture.store.bytes(log);
    fixture.store.file(log, test::flipped(bytes, bytes.find("key7") + 4));
    const Reader reader = fixture.reader();
    std::size_t failures = 0;
    for (int round = 0; round < 2; ++round) {
        for (const auto& [key, value] : fixture.expected) {
            try {
                const Answer answer = reader.get(key);
                REQUIRE(answer.value);
                REQUIRE(test::read_all(*answer.value) == value);
            } catch (const Error& error) {
                REQUIRE(error.kind() == ErrorKind::corrupt);
                ++failures;
            }
        }
    }
    CHECK(failures == 2);  // once a round
}

TEST_CASE("a mapped reader with a table of keys follows a compaction") {
    Fixture fixture;
    const Reader reader = fixture.reader();
    check_all(reader, fixture.expected);
    {
        Writer writer{fixture.store.disk, kStore, fixture.options};
        static_cast<void>(writer.compact({.all = true}));
    }
    check_all(reader, fixture.expected);
    check_all(reader, fixture.expected);
}

}  // namespace
}  // namespace bitask::store
