#include "bitask/key_batch.hpp"

#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

// Many keys at once: the answers have to be those that each key gets alone.
namespace bitask::test {
namespace {

using Catch::Matchers::ContainsSubstring;

WriterOptions small_logs() {
    WriterOptions options;
    options.max_log_size = 600;
    options.max_tail = 1000;
    return options;
}

KeyBatch batch_of(const Strings& keys) {
    KeyBatch batch;
    for (const std::string& key : keys) {
        REQUIRE(batch.add(key));
    }
    return batch;
}

// "value", "(none)", or what the Error says.
Strings answers_of(const Reader& reader, const KeyBatch& keys) {
    const auto answers = reader.get(keys);
    Strings all;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        try {
            const bool more = answers->next();  // REQUIRE would catch what it throws
            REQUIRE(more);
            all.push_back(answers->value() == nullptr ? "(none)" : read_all(*answers->value()));
            all.back() += answers->doubt();
        } catch (const Error& error) {
            REQUIRE(error.kind() == ErrorKind::corrupt);
            all.emplace_back(error.what());
        }
        CHECK(answers->key() == keys[i]);
    }
    CHECK_FALSE(answers->next());
    CHECK_FALSE(answers->next());
    return all;
}

Strings one_by_one(const Reader& reader, const KeyBatch& keys) {
    Strings all;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        try {
            const Answer answer = reader.get(keys[i]);
            all.push_back(answer.value ? read_all(*answer.value) : "(none)");
            all.back() += answer.doubt;
        } catch (const Error& error) {
            all.emplace_back(error.what());
        }
    }
    return all;
}

std::string key_of(int number) {
    return "key" + std::to_string(number * 7919 % 1000);
}

// Some overwritten, some removed, one large.
void fill(HandmadeStore& store) {
    Writer writer{store.disk, kStore, small_logs()};
    for (int i = 0; i < 300; ++i) {
        writer.put(key_of(i), "value" + std::to_string(i));
    }
    writer.put("large", std::string(100'000, 'x'));
    for (int i = 0; i < 300; i += 7) {
        writer.put(key_of(i), "another" + std::to_string(i));
    }
    for (int i = 0; i < 300; i += 10) {
        writer.remove(key_of(i));
    }
    writer.commit();
}

KeyBatch all_kinds_of_keys() {
    std::mt19937 random{7};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    KeyBatch keys;
    for (int i = 0; i < 1500; ++i) {
        keys.add(key_of(static_cast<int>(random() % 500)));  // missing ones and repeated ones, too
    }
    keys.add("large");
    keys.add("");
    keys.add("zzz");
    keys.add("large");
    return keys;
}

TEST_CASE("a batch has room for so many keys and bytes, and for one key of any size") {
    KeyBatch keys;
    CHECK(keys.empty());
    REQUIRE(keys.add(std::string(KeyBatch::kMaxBytes + 1, 'k')));
    CHECK_FALSE(keys.add("k"));
    keys.clear();
    for (std::size_t i = 0; i < KeyBatch::kMaxKeys; ++i) {
        REQUIRE(keys.add("k"));
    }
    CHECK_FALSE(keys.add("k"));
    CHECK(keys.size() == KeyBatch::kMaxKeys);
    CHECK(keys[KeyBatch::kMaxKeys - 1] == "k");
}

TEST_CASE("each key of a batch gets the answer that it gets alone") {
    HandmadeStore store;
    fill(store);
    const Reader reader{store.disk, kStore};
    const KeyBatch keys = all_kinds_of_keys();
    CHECK(answers_of(reader, keys) == one_by_one(reader, keys));
    CHECK(answers_of(reader, {}).empty());
}

TEST_CASE("a batch of keys is looked up without hints, too") {
    HandmadeStore store;
    fill(store);
    for (const std::string& file : store.files()) {
        if (!file.ends_with(".log")) {
            store.folder->remove(file);
        }
    }
    const Reader reader{store.disk, kStore};
    const KeyBatch keys = all_kinds_of_keys();
    CHECK(answers_of(reader, keys) == one_by_one(reader, keys));
}

TEST_CASE("damage is told of the keys of a batch that it may concern, and of no others") {
    HandmadeStore store;
    fill(store);
    const std::string log = store.logs().at(4);
    const std::string bytes = store.bytes(log);
    store.disk.flip(kStore, log, bytes.size() / 2, 1);
    for (const bool hints : {true, false}) {
        if (!hints) {
            store.folder->remove("0.manifest");
        }
        const KeyBatch keys = all_kinds_of_keys();
        const Strings together = answers_of(Reader{store.disk, kStore}, keys);
        CHECK(together == one_by_one(Reader{store.disk, kStore}, keys));
    }
}

TEST_CASE("a compaction between two answers changes none of them") {
    for (const int asked_before : {0, 1, 700}) {
        HandmadeStore store;
        fill(store);
        const KeyBatch keys = all_kinds_of_keys();
        const Reader reader{store.disk, kStore};
        const Strings expected = one_by_one(reader, keys);
        const auto answers = reader.get(keys);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (i == static_cast<std::size_t>(asked_before)) {
                static_cast<void>(Writer{store.disk, kStore, small_logs()}.compact({}));
            }
            REQUIRE(answers->next());
            const Value* const value = answers->value();
            CHECK((value == nullptr ? "(none)" : read_all(*value)) == expected[i]);
        }
    }
}

TEST_CASE("a batch of keys is removed as they are one by one") {
    HandmadeStore together;
    HandmadeStore alone;
    fill(together);
    fill(alone);
    KeyBatch keys = batch_of({"key1", "key2", "key1", "nothing", "large", "large"});
    for (int i = 0; i < 200; ++i) {
        keys.add(key_of(i % 150));
    }
    Writer writer{alone.disk, kStore, small_logs()};
    std::vector<bool> expected;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        expected.push_back(writer.remove(keys[i]));
    }
    writer.commit();

    Writer batch_writer{together.disk, kStore, small_logs()};
    std::vector<bool> removed;
    batch_writer.remove(keys, [&removed](std::size_t index, bool there) {
        CHECK(index == removed.size());
        removed.push_back(there);
    });
    batch_writer.commit();
    CHECK(removed == expected);
    CHECK(together.contents() == alone.contents());
    CHECK_FALSE(together.contents().contains("large"));
}

TEST_CASE("an empty key in a batch of removals is an error, those before it are removed") {
    HandmadeStore store;
    fill(store);
    Writer writer{store.disk, kStore, {}};
    const KeyBatch keys = batch_of({"large", "", key_of(1)});
    const Failure failure = failure_of([&] { writer.remove(keys, [](std::size_t, bool) {}); });
    CHECK(failure.kind == ErrorKind::usage);
    CHECK_THAT(failure.message, ContainsSubstring("empty key"));
    writer.commit();
    CHECK(store.get("large") == "(none)");
    CHECK(store.get(key_of(1)) == "value1");
}

}  // namespace
}  // namespace bitask::test
