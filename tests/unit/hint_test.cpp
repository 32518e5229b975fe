#include "keydir/hint.hpp"

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "keydir/hint_writer.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bitask::keydir {
namespace {

using namespace std::string_literals;

using Entries = std::map<std::string, Entry, std::less<>>;

constexpr std::uint32_t kSeed = 0xC0FFEE;

// Any entry, with numbers of all sizes.
Entry any_entry(std::string_view key, std::mt19937_64& random) {
    const auto number = [&random] { return random() >> (random() % 64); };
    const std::uint64_t log = std::numeric_limits<std::uint64_t>::max() - random() % 5;
    return {.location = {.log = {.number = log,
                                 .generation = random() % 3,
                                 .kind = static_cast<log::LogKind>(random() % 3)},
                         .offset = number()},
            .header = {.crc = static_cast<std::uint32_t>(random()),
                       .timestamp = log::kMaxTimestamp >> (random() % 48),
                       .key_size = static_cast<std::uint32_t>(key.size()),
                       .value_size = static_cast<std::uint32_t>(number() >> 32)}};
}

Entry plain_entry(std::string_view key) {
    return {.location = {.log = {.number = 7}, .offset = 40},
            .header = {.crc = 9,
                       .timestamp = test::kNow,
                       .key_size = static_cast<std::uint32_t>(key.size()),
                       .value_size = 3}};
}

// Passes on what is asked of a file, and counts.
class CountingFile final : public io::File {
public:
    CountingFile(std::unique_ptr<io::File> file, int& reads)
        : file_{std::move(file)}, reads_{reads} {}

    std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override {
        ++reads_;
        return file_->read(offset, out);
    }
    void write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        file_->write(offset, bytes);
    }
    void truncate(std::uint64_t size) override { file_->truncate(size); }
    void sync() override { file_->sync(); }
    std::uint64_t size() const override { return file_->size(); }
    io::FileIdentity identity() const override { return file_->identity(); }
    bool lock(std::chrono::milliseconds wait) override { return file_->lock(wait); }
    std::optional<std::uint64_t> lock_holder() const override { return file_->lock_holder(); }

private:
    std::unique_ptr<io::File> file_;
    int& reads_;
};

// A hint, what should be in it, and its bytes to be spoiled.
struct HintFile {
    test::HandmadeStore store;
    HintInfo info;
    Entries entries;
    mutable int reads = 0;

    explicit HintFile(Entries from, std::uint32_t seed = kSeed) : entries{std::move(from)} {
        const auto file = store.folder->create("17.hint");
        HintWriter writer{*file, 17, seed};
        for (const auto& [key, entry] : entries) {
            writer.add(key, entry);
        }
        info = writer.finish();
    }

    [[nodiscard]] std::string bytes() { return store.bytes("17.hint"); }
    void replace(std::string_view bytes) { store.file("17.hint", bytes); }
    [[nodiscard]] Hint open() const {
        return {
            std::make_unique<CountingFile>(store.folder->open("17.hint", io::Access::read), reads),
            info};
    }
};

template <class Keys>
Entries plain_entries(const Keys& keys) {
    Entries entries;
    for (const auto& key : keys) {
        entries.emplace(key, plain_entry(key));
    }
    return entries;
}

Entries any_entries(std::size_t count, std::size_t key_size, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    Entries entries;
    while (entries.size() < count) {
        std::string key = std::to_string(random() % (count * 10));
        key.resize(std::max(key.size(), key_size == 0 ? 0 : random() % key_size), '-');
        entries.emplace(key, any_entry(key, random));
    }
    return entries;
}

// What a cursor shows is what the map has at that place.
bool same(const HintCursor& cursor, bool moved, const Entries& entries,
          Entries::const_iterator expected) {
    if (expected == entries.end()) {
        return !moved && !cursor.valid();
    }
    return moved && cursor.valid() && cursor.key() == expected->first &&
           cursor.entry() == expected->second;
}

Entries::const_iterator before(const Entries& entries, Entries::const_iterator at) {
    return at == entries.begin() ? entries.end() : std::prev(at);
}

void check_find(const Hint& hint, const Entries& entries, std::string_view key) {
    const auto expected = entries.find(key);
    const auto found = hint.find(key);
    REQUIRE(found.has_value() == (expected != entries.end()));
    if (found) {
        REQUIRE(*found == expected->second);
    }
}

void check_walks(const Hint& hint, const Entries& entries,
                 std::uint64_t window_pages = HintCursor::kWindowPages) {
    HintCursor cursor{hint, window_pages};
    CHECK_FALSE(cursor.valid());
    bool moved = cursor.seek("");
    auto expected = entries.begin();
    for (; expected != entries.end(); ++expected) {
        REQUIRE(same(cursor, moved, entries, expected));
        moved = cursor.next();
    }
    REQUIRE(same(cursor, moved, entries, expected));
    REQUIRE_FALSE(cursor.next());

    moved = cursor.seek_before(std::nullopt);
    while (expected != entries.begin()) {
        --expected;
        REQUIRE(same(cursor, moved, entries, expected));
        moved = cursor.previous();
    }
    REQUIRE_FALSE(moved);
    REQUIRE_FALSE(cursor.valid());
    REQUIRE_FALSE(cursor.previous());
}

// Around a key: sought from both sides, and left in both directions.
void check_seeks(HintCursor& cursor, const Entries& entries, std::string_view key) {
    auto expected = entries.lower_bound(key);
    REQUIRE(same(cursor, cursor.seek(key), entries, expected));
    if (expected != entries.end()) {
        REQUIRE(same(cursor, cursor.next(), entries, std::next(expected)));
        cursor.seek(key);
        REQUIRE(same(cursor, cursor.previous(), entries, before(entries, expected)));
    }
    expected = before(entries, entries.lower_bound(key));
    REQUIRE(same(cursor, cursor.seek_before(key), entries, expected));
    if (expected != entries.end()) {
        REQUIRE(same(cursor, cursor.next(), entries, std::next(expected)));
    }
}

// Each key, and what is just below and above it.
void check_borders(const Hint& hint, const Entries& entries, std::size_t step = 1) {
    HintCursor cursor{hint};
    check_find(hint, entries, "");
    check_seeks(cursor, entries, "");
    check_seeks(cursor, entries, std::string(300, '\xFF'));
    std::size_t i = 0;
    for (const auto& [key, entry] : entries) {
        if (i++ % step != 0) {
            continue;
        }
        std::string below = key;
        --below.back();
        for (const std::string& near : {key, key + '\0', key.substr(0, key.size() - 1), below}) {
            check_find(hint, entries, near);
            check_seeks(cursor, entries, near);
        }
    }
}

void check_all(const Entries& entries) {
    HintFile file{entries};
    const Hint hint = file.open();
    CHECK(file.bytes().size() == file.info.pages * kPageSize);
    check_walks(hint, entries);
    check_borders(hint, entries);
}

TEST_CASE("an empty hint has nothing, and no bytes either") {
    HintFile file{{}};
    CHECK(file.info == HintInfo{.number = 17, .seed = kSeed});
    CHECK(file.bytes().empty());
    check_all({});
}

TEST_CASE("a hint of one entry is two pages") {
    const HintFile file{plain_entries(std::vector{"key"s})};
    CHECK(file.info.pages == 2);
    CHECK(file.info.levels == 1);
    CHECK(file.info.log_table_page == 1);
    check_all(file.entries);
}

TEST_CASE("the totals of a hint are those of its entries") {
    Entries entries = plain_entries(std::vector{"a"s, "bb"s, "ccc"s});
    entries.at("bb").header.value_size = 0;
    entries.at("bb").header.timestamp = test::kNow + 5;
    entries.at("ccc").location.log.number = 8;
    const HintInfo info = HintFile{entries}.info;
    CHECK(info.entries == 3);
    CHECK(info.live_keys == 2);
    CHECK(info.live_bytes == 20 + 1 + 3 + 20 + 3 + 3);
    CHECK(info.max_timestamp == test::kNow + 5);
    CHECK(info.logs == 2);
    CHECK(info.number == 17);
    CHECK(info.seed == kSeed);
}

TEST_CASE("every field of an entry comes back, tombstones included") {
    std::mt19937_64 random{2};
    Entries entries;
    for (int i = 0; i < 500; ++i) {
        const std::string key = std::to_string(i);
        entries.emplace(key, any_entry(key, random));
    }
    Entry& largest = entries.at("100");
    largest.location = {{std::numeric_limits<std::uint64_t>::max(),
                         std::numeric_limits<std::uint64_t>::max(), log::LogKind::active},
                        std::numeric_limits<std::uint64_t>::max()};
    largest.header = {.crc = 0xFFFF'FFFF,
                      .timestamp = log::kMaxTimestamp,
                      .key_size = 3,
                      .value_size = 0xFFFF'FFFF};
    entries.at("200") = {.location = {}, .header = {.key_size = 3}};
    check_all(entries);
}

TEST_CASE("keys are bytes: binary ones, and such that begin like each other") {
    std::vector<std::string> keys{"\0"s, "\xFF"s, "\xFF\xFF"s, "\0\0"s, "\x80"s, "\x7F"s};
    for (std::size_t size = 1; size < 300; ++size) {
        keys.emplace_back(size, 'a');
        keys.push_back(std::string(size, 'a') + '\0');
        keys.emplace_back(size, '\xFF');
    }
    for (int byte = 0; byte < 256; ++byte) {
        keys.push_back("b"s + static_cast<char>(byte));
        keys.push_back("b"s + static_cast<char>(byte) + "\0\0\0"s);
    }
    check_all(plain_entries(keys));
}

TEST_CASE("a tree of many levels is walked and searched like a map") {
    const std::size_t key_size = GENERATE(0U, 60U, 3000U);
    CAPTURE(key_size);
    const HintFile file{any_entries(4000, key_size, key_size)};
    CHECK(file.info.levels == (key_size == 3000 ? 5 : 2));
    const Hint hint = file.open();
    check_walks(hint, file.entries);
    check_borders(hint, file.entries, 7);
}

TEST_CASE("keys at the limit that differ in their last byte have their place") {
    std::vector<std::string> keys{"a", "z"};
    for (int byte = 0; byte < 40; ++byte) {
        keys.push_back(std::string(kMaxKeySize - 1, 'k') + static_cast<char>(6 * byte));
    }
    const HintFile file{plain_entries(keys)};
    CHECK(file.info.levels > 3);
    check_all(file.entries);
}

TEST_CASE("giant keys among small ones have their place") {
    std::mt19937_64 random{3};
    Entries entries;
    for (int i = 0; i < 600; ++i) {
        std::string key = std::to_string(random() % 1000);
        if (random() % 4 == 0) {
            key.resize(random() % kMaxKeySize + 1, 'x');
        }
        entries.emplace(key, any_entry(key, random));
    }
    const HintFile file{entries};
    const Hint hint = file.open();
    check_walks(hint, entries);
    check_borders(hint, entries, 5);
    // However little is read at once.
    const std::uint64_t window_pages = GENERATE(1U, 2U, 5U);
    check_walks(hint, entries, window_pages);
}

TEST_CASE("timestamps in any order leave every node within a page") {
    Entries entries;
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const std::string key = std::to_string(10000 + i);
        Entry entry = plain_entry(key);
        entry.header.timestamp = log::kMaxTimestamp >> (i % 48);
        entries.emplace(key, entry);
    }
    check_all(entries);
}

TEST_CASE("more logs than a page of their table holds are told apart") {
    Entries entries;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const std::string key = std::to_string(10000 + i);
        Entry entry = plain_entry(key);
        entry.location.log.number = i * 7919 % 1000;
        entries.emplace(key, entry);
    }
    CHECK(HintFile{entries}.info.logs == 1000);
    check_all(entries);
}

TEST_CASE("a cursor that moves at random shows what a map has there") {
    const std::size_t key_size = GENERATE(0U, 200U, 3000U);
    CAPTURE(key_size);
    const HintFile file{any_entries(3000, key_size, 4)};
    const Entries& entries = file.entries;
    const Hint hint = file.open();
    HintCursor cursor{hint};
    std::mt19937_64 random{key_size};
    for (int round = 0; round < 100; ++round) {
        const std::string start = std::to_string(random() % 30000);
        auto expected = entries.lower_bound(start);
        bool moved = cursor.seek(start);
        REQUIRE(same(cursor, moved, entries, expected));
        // Long runs in either direction, so that reading ahead sets in and is turned around.
        while (expected != entries.end() && random() % 30 != 0) {
            const bool forward = random() % 2 == 0;
            for (auto steps = random() % 700; steps > 0 && expected != entries.end(); --steps) {
                expected = forward ? std::next(expected) : before(entries, expected);
                moved = forward ? cursor.next() : cursor.previous();
                REQUIRE(same(cursor, moved, entries, expected));
            }
        }
    }
}

TEST_CASE("finding a key reads a node a level and one page of the log table") {
    const HintFile file{any_entries(4000, 3000, 5)};
    const int levels = static_cast<int>(file.info.levels);
    for (int i = 0; i < 100; ++i) {
        const auto& [key, entry] = *std::next(file.entries.begin(), 40 * i);
        const Hint hint = file.open();
        file.reads = 0;
        REQUIRE(hint.find(key));
        REQUIRE(file.reads == levels + 1);
    }
    const Hint hint = file.open();
    file.reads = 0;
    CHECK_FALSE(hint.find("none"));
    CHECK(file.reads == levels);
}

TEST_CASE("finding many keys reads a leaf for each, and hardly anything else twice") {
    const HintFile file{any_entries(4000, 3000, 5)};
    const Hint hint = file.open();
    REQUIRE(file.info.levels > 2);
    const auto find_all = [&] {
        file.reads = 0;
        for (const auto& [key, entry] : file.entries) {
            REQUIRE(hint.find(key));
        }
        return file.reads;
    };
    static_cast<void>(find_all());
    const int leaves = static_cast<int>(file.entries.size());
    CHECK(find_all() < leaves + leaves / 100);
}

TEST_CASE("seeks from leaf to leaf read many pages at once") {
    const HintFile file{any_entries(20000, 60, 6)};
    const Hint hint = file.open();
    HintCursor cursor{hint};
    file.reads = 0;
    int number = 0;
    for (const auto& [key, entry] : file.entries) {
        if (number++ % 50 == 0) {
            REQUIRE(cursor.seek(key));
            REQUIRE(cursor.key() == key);
            REQUIRE(cursor.entry() == entry);
        }
    }
    CHECK(file.reads < static_cast<int>(file.info.pages / 4));
}

TEST_CASE("a long walk reads many pages at once, a short one does not") {
    const HintFile file{any_entries(20000, 60, 6)};
    const Hint hint = file.open();
    file.reads = 0;
    HintCursor cursor{hint};
    cursor.seek("5");
    CHECK(file.reads == static_cast<int>(file.info.levels) + 1);
    const bool forward = GENERATE(true, false);
    file.reads = 0;
    for (bool moved = forward ? cursor.seek("") : cursor.seek_before(std::nullopt); moved;
         moved = forward ? cursor.next() : cursor.previous()) {
    }
    CHECK(file.reads < static_cast<int>(file.info.pages / 8));
}

TEST_CASE("keys that do not ascend are refused, and so are those beyond the limit") {
    test::HandmadeStore store;
    const auto file = store.folder->create("17.hint");
    HintWriter writer{*file, 17, kSeed};
    CHECK_THROWS_AS(writer.add("", plain_entry("")), std::logic_error);
    writer.add("b", plain_entry("b"));
    CHECK_THROWS_AS(writer.add("b", plain_entry("b")), std::logic_error);
    CHECK_THROWS_AS(writer.add("a\xFF", plain_entry("a\xFF")), std::logic_error);
    const std::string long_key(kMaxKeySize + 1, 'c');
    CHECK(test::failure_of([&] { writer.add(long_key, plain_entry(long_key)); }).kind ==
          ErrorKind::usage);
    writer.add("c", plain_entry("c"));
    CHECK(writer.finish().entries == 2);
}

// A whole walk, or one up to the damage. Returns whether there is any.
bool walk_is_damaged(const Hint& hint, const Entries& entries, bool forward) {
    HintCursor cursor{hint};
    try {
        auto expected = forward ? entries.begin() : before(entries, entries.end());
        bool moved = forward ? cursor.seek("") : cursor.seek_before(std::nullopt);
        while (expected != entries.end()) {
            REQUIRE(same(cursor, moved, entries, expected));
            expected = forward ? std::next(expected) : before(entries, expected);
            moved = forward ? cursor.next() : cursor.previous();
        }
        REQUIRE_FALSE(moved);
    } catch (const HintDamaged&) {
        REQUIRE_FALSE(cursor.valid());
        return true;
    }
    return false;
}

// All that a damaged hint still tells is right. Returns whether the damage was noticed.
bool tells_no_lies(const HintFile& file) {
    const Hint hint = file.open();
    bool noticed = walk_is_damaged(hint, file.entries, true);
    noticed = walk_is_damaged(hint, file.entries, false) || noticed;
    for (const auto& [key, entry] : file.entries) {
        for (const std::string& near : {key, key + '\0'}) {
            try {
                check_find(hint, file.entries, near);
            } catch (const HintDamaged&) {
                noticed = true;
            }
        }
    }
    return noticed;
}

// Three levels, nodes of one page and of two, in few bytes: long keys that begin like each other.
Entries small_tree() {
    std::vector<std::string> keys{"a"};
    for (const char letter : {'b', 'c', 'd'}) {
        keys.push_back(std::string(kPageSize, 'k') + letter);
    }
    return plain_entries(keys);
}

TEST_CASE("no flipped byte makes a hint tell what is wrong") {
    HintFile file{small_tree()};
    const std::string bytes = file.bytes();
    REQUIRE(file.info.levels == 3);
    REQUIRE_FALSE(tells_no_lies(file));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        file.replace(test::flipped(bytes, at, 1U << (at % 8)));
        REQUIRE(tells_no_lies(file));
    }
}

TEST_CASE("no truncated hint tells what is wrong") {
    HintFile file{small_tree()};
    const std::string bytes = file.bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CAPTURE(size);
        file.replace(bytes.substr(0, size));
        REQUIRE(tells_no_lies(file));
    }
}

TEST_CASE("a node of another hint, or of another place, is noticed") {
    HintFile file{small_tree()};
    HintFile other{small_tree(), kSeed + 1};
    const std::string bytes = file.bytes();
    for (std::size_t page = 0; page < file.info.pages; ++page) {
        CAPTURE(page);
        std::string mixed = bytes;
        mixed.replace(page * kPageSize, kPageSize, other.bytes(), page * kPageSize, kPageSize);
        file.replace(mixed);
        REQUIRE(tells_no_lies(file) == (mixed != bytes));
        mixed = bytes;
        const std::size_t elsewhere = (page + 1) % file.info.pages;
        mixed.replace(page * kPageSize, kPageSize, bytes, elsewhere * kPageSize, kPageSize);
        file.replace(mixed);
        REQUIRE(tells_no_lies(file) == (mixed != bytes));
    }
}

TEST_CASE("a hint whose inner node leads to a leaf twice does not show it twice") {
    HintFile file{any_entries(200, 12, 1)};
    REQUIRE(file.info.levels == 2);
    const NodePlace root{.hint = 17,
                         .seed = kSeed,
                         .page = file.info.root_page,
                         .pages = file.info.root_pages,
                         .level = 1};
    std::string bytes = file.bytes();
    const auto at = static_cast<std::size_t>(root.page * kPageSize);
    const auto size = static_cast<std::size_t>(root.pages * kPageSize);
    const std::string before = bytes.substr(at, size);
    const NodePlace child = Node{test::bytes_view(before), root}.child(1);
    NodeBuilder<ChildEntry> builder;
    for (const char* const key : {"", "a", "b"}) {
        REQUIRE(builder.try_add(key, {.page = child.page, .pages = child.pages}));
    }
    REQUIRE(builder.pages() == root.pages);
    std::string twice;
    builder.finish(root, twice);
    file.replace(bytes.replace(at, size, twice));

    const Hint hint = file.open();
    HintCursor cursor{hint};
    const auto steps_until_damage = [&](bool moved, auto step) {
        std::size_t steps = 0;
        try {
            for (; moved && steps < file.entries.size(); moved = step()) {
                ++steps;
            }
        } catch (const HintDamaged&) {
            CHECK_FALSE(cursor.valid());
            return steps;
        }
        FAIL("no damage was noticed");
        return steps;
    };
    const std::size_t in_leaf = steps_until_damage(cursor.seek(""), [&] { return cursor.next(); });
    CHECK(in_leaf > 1);
    CHECK(steps_until_damage(cursor.seek_before(std::nullopt), [&] { return cursor.previous(); }) ==
          in_leaf);
    CHECK_THROWS_AS(cursor.seek(":"), HintDamaged);
}

TEST_CASE("damage is told with the file and the page") {
    HintFile file{small_tree()};
    file.replace(test::flipped(file.bytes(), 0));
    const Hint hint = file.open();
    CHECK_THROWS_WITH(hint.find(file.entries.begin()->first), "17.hint: page 0 is damaged");
    CHECK(hint.find(std::prev(file.entries.end())->first));
}

TEST_CASE("a description that no hint can have is noticed at once") {
    HintFile file{small_tree()};
    const HintInfo good = file.info;
    const std::uint64_t wrong =
        GENERATE(std::uint64_t{0}, std::uint64_t{1000}, std::numeric_limits<std::uint64_t>::max(),
                 std::numeric_limits<std::uint64_t>::max() / kPageSize);
    const auto notices = [&file](const HintInfo& info) {
        file.info = info;
        try {
            return tells_no_lies(file);
        } catch (const HintDamaged&) {
            return true;
        }
    };
    const auto with = [&good](auto HintInfo::*field, std::uint64_t number) {
        HintInfo info = good;
        info.*field = static_cast<std::remove_reference_t<decltype(info.*field)>>(number);
        return info;
    };
    CHECK(notices(with(&HintInfo::pages, wrong)) == (wrong != 1000));
    CHECK(notices(with(&HintInfo::root_page, wrong)));
    CHECK(notices(with(&HintInfo::root_pages, wrong)));
    CHECK(notices(with(&HintInfo::levels, wrong)));
    CHECK(notices(with(&HintInfo::log_table_page, wrong)));
    CHECK(notices(with(&HintInfo::logs, 0)));
    CHECK(notices(with(&HintInfo::seed, wrong)));
}

}  // namespace
}  // namespace bitask::keydir
