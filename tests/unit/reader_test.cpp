#include "bitask/reader.hpp"

#include "bitask/error.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bitask {
namespace {

using namespace std::string_literals;
using Catch::Matchers::ContainsSubstring;
using test::failure_of;
using test::HandmadeStore;
using test::kStore;
using test::make_record;
using test::Strings;

// The keys "a", "ab", "abc", "b", "\xFF" and "\xFF\xFF"; "gone" is removed.
HandmadeStore alphabet() {
    HandmadeStore store;
    store
        .file("5.log", make_record("b", "4", 1) + make_record("ab", "2", 1) +
                           make_record("gone", "x", 1) + make_record("\xFF", "5", 1))
        .file("7.active.log", make_record("abc", "3", 2) + make_record("gone", "", 2) +
                                  make_record("a", "1", 2) + make_record("\xFF\xFF", "6", 2));
    return store;
}

Range with_prefix(std::string prefix) {
    Range range;
    range.prefix = std::move(prefix);
    return range;
}

Range between(std::string from, std::optional<std::string> to) {
    Range range;
    range.from = std::move(from);
    range.to = std::move(to);
    return range;
}

Range at_most(std::uint64_t limit) {
    Range range;
    range.limit = limit;
    return range;
}

Range reversed(Range range) {
    range.reverse = true;
    return range;
}

Range all_at_once(std::string prefix, std::string from, std::optional<std::string> to) {
    Range range = between(std::move(from), std::move(to));
    range.prefix = std::move(prefix);
    return range;
}

Strings keys_in(HandmadeStore& store, const Range& range) {
    const Reader reader{store.disk, kStore};
    Strings keys;
    const auto cursor = reader.scan(range, Visit::keys_only);
    while (cursor->next()) {
        keys.emplace_back(cursor->key());
    }
    CHECK(reader.count(range) == keys.size());
    Strings with_values;
    const auto pairs = reader.scan(range, Visit::pairs);
    while (pairs->next()) {
        with_values.emplace_back(pairs->key());
        CHECK(pairs->value().size() == 1);
    }
    CHECK(with_values == keys);
    return keys;
}

TEST_CASE("a scan shows live keys in the order of their bytes, in both directions") {
    HandmadeStore store = alphabet();
    CHECK(keys_in(store, {}) == Strings{"a", "ab", "abc", "b", "\xFF", "\xFF\xFF"});
    CHECK(keys_in(store, reversed({})) == Strings{"\xFF\xFF", "\xFF", "b", "abc", "ab", "a"});
}

TEST_CASE("a scan keeps within its prefix, its borders and its limit") {
    HandmadeStore store = alphabet();
    CHECK(keys_in(store, with_prefix("a")) == Strings{"a", "ab", "abc"});
    CHECK(keys_in(store, reversed(with_prefix("a"))) == Strings{"abc", "ab", "a"});
    CHECK(keys_in(store, with_prefix("\xFF")) == Strings{"\xFF", "\xFF\xFF"});
    CHECK(keys_in(store, reversed(with_prefix("\xFF\xFF"))) == Strings{"\xFF\xFF"});
    CHECK(keys_in(store, with_prefix("go")).empty());
    CHECK(keys_in(store, with_prefix("abcd")).empty());
    CHECK(keys_in(store, between("ab", std::nullopt)) ==
          Strings{"ab", "abc", "b", "\xFF", "\xFF\xFF"});
    CHECK(keys_in(store, between("", "ab")) == Strings{"a"});
    CHECK(keys_in(store, between("aa", "b")) == Strings{"ab", "abc"});
    CHECK(keys_in(store, reversed(between("aa", "b"))) == Strings{"abc", "ab"});
    CHECK(keys_in(store, between("b", "a")).empty());
    CHECK(keys_in(store, reversed(between("b", "a"))).empty());
    CHECK(keys_in(store, between("", "")).empty());
    CHECK(keys_in(store, all_at_once("a", "abb", "z")) == Strings{"abc"});
    CHECK(keys_in(store, all_at_once("b", "a", std::nullopt)) == Strings{"b"});
    CHECK(keys_in(store, all_at_once("a", "b", std::nullopt)).empty());
    CHECK(keys_in(store, at_most(0)).empty());
    CHECK(keys_in(store, at_most(2)) == Strings{"a", "ab"});
    CHECK(keys_in(store, reversed(at_most(2))) == Strings{"\xFF\xFF", "\xFF"});
    CHECK(keys_in(store, at_most(100)).size() == 6);
}

TEST_CASE("a reader takes no lock, writes nothing and creates nothing") {
    HandmadeStore store = alphabet();
    const Strings before = store.files();
    CHECK(store.get("a") == "1");
    CHECK(store.files() == before);

    const Writer writer{store.disk, kStore, {}};
    CHECK(store.get("a") == "1");

    test::MemoryEnvironment empty;
    const auto failure = failure_of([&] { Reader{empty, "/nowhere"}; });
    CHECK(failure.kind == ErrorKind::io);
    CHECK(failure.message == "no store in \"/nowhere\"");
    CHECK(empty.open_folder("/nowhere") == nullptr);
}

TEST_CASE("a lock file alone is an empty store") {
    HandmadeStore store;
    store.file("db.lock", "");
    CHECK(store.get("k") == "(none)");
    CHECK(Reader{store.disk, kStore}.statistics().garbage_percent() == 0);
}

TEST_CASE("every byte of a log is either live or dead") {
    HandmadeStore store = alphabet();
    const Statistics statistics = Reader{store.disk, kStore}.statistics();
    CHECK(statistics.keys == 6);
    CHECK(statistics.live_bytes == 6 * 21 + 1 + 2 + 3 + 1 + 1 + 2);
    CHECK(statistics.dead_bytes == 25 + 24);
    CHECK(statistics.logs == 2);
    CHECK(statistics.hints == 0);
    CHECK_FALSE(statistics.last_compaction);
    CHECK(statistics.garbage_percent() == Approx(100.0 * 49 / 185));
}

TEST_CASE("a damaged value is never handed out, and what is whole stays readable") {
    HandmadeStore store;
    const std::string big(2'000'000, 'v');
    store.file("5.log", make_record("small", "value", 1) + make_record("big", big, 2) +
                            make_record("whole", "1", 3));
    store.disk.flip(kStore, "5.log", 26, 0x01);
    store.disk.flip(kStore, "5.log", 1'500'000, 0x01);
    for (const char* const key : {"small", "big"}) {
        const auto failure = failure_of([&] { (void)store.get(key); });
        CHECK(failure.kind == ErrorKind::corrupt);
        CHECK_THAT(failure.message, ContainsSubstring("5.log: offset "));
    }
    CHECK(store.get("whole") == "1");
    CHECK(Reader{store.disk, kStore}.damage().size() == 2);
}

TEST_CASE("an older value does not stand in for a damaged newer one") {
    HandmadeStore store;
    store.file("5.log", make_record("k", "old", 1) + make_record("k", "new", 2));
    store.disk.flip(kStore, "5.log", 24 + 22, 0x01);
    CHECK(failure_of([&] { (void)store.get("k"); }).kind == ErrorKind::corrupt);
}

TEST_CASE("damage that comes while the store is open is found when the value is read") {
    const std::size_t size = GENERATE(5UL, 2'000'000UL);
    HandmadeStore store;
    store.file("5.log", make_record("k", std::string(size, 'v'), 1));
    const Reader reader{store.disk, kStore};
    SECTION("in the header") {
        store.disk.flip(kStore, "5.log", 4, 0x01);
    }
    SECTION("in the key") {
        store.disk.flip(kStore, "5.log", 20, 0x01);
    }
    SECTION("in the value") {
        store.disk.flip(kStore, "5.log", 24, 0x01);
    }
    SECTION("at the end") {
        store.disk.flip(kStore, "5.log", 20 + size, 0x01);
    }
    CHECK(failure_of([&] { (void)reader.get("k"); }).kind == ErrorKind::corrupt);
}

TEST_CASE("a large value that is damaged between two looks is not handed out as whole") {
    HandmadeStore store;
    store.file("5.log", make_record("k", std::string(2'000'000, 'v'), 1));
    const Reader reader{store.disk, kStore};
    const Answer answer = reader.get("k");
    REQUIRE(answer.value);
    CHECK(answer.value->size() == 2'000'000);
    CHECK((test::read_all(*answer.value) == std::string(2'000'000, 'v')));
    store.disk.flip(kStore, "5.log", 1'999'999, 0x01);
    CHECK(failure_of([&] { (void)test::read_all(*answer.value); }).kind == ErrorKind::corrupt);
}

TEST_CASE("a scan stops at a damaged pair, and goes on behind it") {
    HandmadeStore store;
    store.file("5.log", make_record("a", "1", 1) + make_record("b", "old", 1) +
                            make_record("c", "3", 1) + make_record("b", "new", 2));
    store.disk.flip(kStore, "5.log", 22 + 24 + 22 + 22, 0x01);
    const Reader reader{store.disk, kStore};
    for (const Visit visit : {Visit::pairs, Visit::keys_only}) {
        const auto cursor = reader.scan({}, visit);
        REQUIRE(cursor->next());
        CHECK(cursor->key() == "a");
        CHECK(failure_of([&] { (void)cursor->next(); }).kind == ErrorKind::corrupt);
        REQUIRE(cursor->next());
        CHECK(cursor->key() == "c");
        CHECK_FALSE(cursor->next());
        CHECK_FALSE(cursor->next());
    }
}

TEST_CASE("where records were lost without a name, answers come with a doubt") {
    HandmadeStore store;
    store.file("5.log", make_record("before", "1", 1) + std::string(60, '\xEE') +
                            make_record("after", "2", 2) + make_record("gone", "", 2));
    const Reader reader{store.disk, kStore};
    const Answer before = reader.get("before");
    REQUIRE(before.value);
    CHECK_THAT(before.doubt, ContainsSubstring("5.log: offset 27"));
    const Answer after = reader.get("after");
    REQUIRE(after.value);
    CHECK(after.doubt.empty());
    CHECK(reader.get("gone").value == nullptr);
    CHECK(failure_of([&] { (void)reader.get("never"); }).kind == ErrorKind::corrupt);

    std::string value;
    CHECK(reader.get("before", value) == Found::in_doubt);
    CHECK(value == "1");
    CHECK(reader.get("after", value) == Found::yes);
    CHECK(value == "2");
    CHECK(reader.get("gone", value) == Found::no);
    CHECK(failure_of([&] { (void)reader.get("never", value); }).kind == ErrorKind::corrupt);
    CHECK(reader.damage().size() == 1);
}

TEST_CASE("an open reader follows a compaction that takes its logs away") {
    HandmadeStore store;
    for (const char* const key : {"a", "b", "c"}) {
        store.put(key, "old");
        store.put(key, key);
    }
    const Reader reader{store.disk, kStore};
    const auto cursor = reader.scan({}, Visit::pairs);
    REQUIRE(cursor->next());
    {
        Writer writer{store.disk, kStore, {}};
        writer.remove("b");
        writer.compact({});
        writer.put("d", "d");
        writer.commit();
    }
    // The log was open and stays readable; another reader must look for the new one.
    const Reader late{store.disk, kStore};
    CHECK(test::read_all(*late.get("c").value) == "c");
    {
        Writer writer{store.disk, kStore, {}};
        writer.put("c", "newer");
        writer.compact({});
    }
    Strings rest;
    while (cursor->next()) {
        rest.push_back(std::string{cursor->key()} + "=" + test::read_all(cursor->value()));
    }
    CHECK(rest.size() >= 1);
    CHECK(rest.size() <= 3);
    CHECK(late.get("a").value != nullptr);
}

TEST_CASE("an active log that is sealed under a reader is found again") {
    HandmadeStore store;
    store.put("k", "v");
    const Reader reader{store.disk, kStore};
    store.folder->rename("1700000000000.active.log", "1700000000000.log");
    CHECK(test::read_all(*reader.get("k").value) == "v");
}

TEST_CASE("a reader with a moved-from log finds the pair in the log that took it in") {
    HandmadeStore store;
    store.put("a", "0");
    store.put("a", "1");
    store.put("b", "2");
    const Reader reader{store.disk, kStore};
    {
        Writer writer{store.disk, kStore, {}};
        writer.compact({});
    }
    CHECK(test::read_all(*reader.get("a").value) == "1");
    CHECK(test::read_all(*reader.get("b").value) == "2");
    CHECK(reader.get("c").value == nullptr);
}

}  // namespace
}  // namespace bitask
