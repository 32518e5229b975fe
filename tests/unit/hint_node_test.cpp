#include "keydir/hint_node.hpp"

#include "codec/crc32.hpp"
#include "codec/little_endian.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::keydir {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

NodePlace place(std::uint32_t pages, std::uint16_t level = kLeafLevel) {
    return {.hint = 17, .seed = 0x01020304, .page = 5, .pages = pages, .level = level};
}

std::string damage_of(const std::string& bytes, const NodePlace& at) {
    try {
        const Node node{test::bytes_view(bytes), at};
    } catch (const HintDamaged& damage) {
        return damage.what();
    }
    return "none";
}

std::string key_of(const Node& node, std::uint32_t index) {
    return std::string{node.prefix()} + std::string{node.leaf_item(index).rest};
}

// Puts the checksum that the rest of the node asks for.
void seal(std::string& node, const NodePlace& at) {
    std::array<std::byte, 12> before{};
    const std::span all{before};
    codec::store<std::uint32_t>(all.first<4>(), at.seed);
    codec::store<std::uint64_t>(all.last<8>(), at.page);
    const std::uint32_t seed =
        codec::crc32({reinterpret_cast<const char*>(before.data()), before.size()});
    codec::store<std::uint32_t>(std::as_writable_bytes(std::span{node}).first<4>(),
                                codec::crc32(std::string_view{node}.substr(4), seed));
}

TEST_CASE("a leaf holds as many entries, whatever the timestamps of the one before") {
    const auto distance = GENERATE(as<std::uint64_t>{}, 0, 1, 60, 1000, 100'000'000, 10'000'000'000,
                                   1'000'000'000'000);
    CAPTURE(distance);
    const auto fill = [](NodeBuilder<LeafEntry>& builder, std::uint64_t timestamp) {
        std::size_t entries = 0;
        while (builder.try_add("key" + std::to_string(100'000 + entries),
                               {.offset = 70'000, .timestamp = timestamp})) {
            ++entries;
        }
        std::string bytes;
        builder.finish(place(1), bytes);
        const Node node{test::bytes_view(bytes), place(1)};
        REQUIRE(node.count() == entries);
        for (std::uint32_t i = 0; i < node.count(); ++i) {
            REQUIRE(node.leaf_item(i).entry.timestamp == timestamp);
        }
        return entries;
    };
    NodeBuilder<LeafEntry> first;
    const std::size_t alone = fill(first, 1000 + distance);
    CHECK(alone > 100);
    NodeBuilder<LeafEntry> second;
    CHECK(fill(second, 1000) == alone);
    CHECK(fill(second, 1000 + distance) == alone);
    CHECK(fill(second, 1000) == alone);
}

TEST_CASE("a leaf has the bytes that it should have") {
    NodeBuilder<LeafEntry> builder;
    REQUIRE(builder.try_add(
        "key1",
        {.log_index = 1, .offset = 300, .value_size = 5, .timestamp = 1002, .crc = 0x0A0B0C0D}));
    REQUIRE(builder.try_add("key22", {.timestamp = 1000, .crc = 0xFFFFFFFF}));
    std::string bytes;
    builder.finish(place(1), bytes);
    REQUIRE(bytes.size() == kPageSize);
    CHECK(test::hex(std::string_view{bytes}.substr(4, 51)) ==
          "010000000200000003000000e803000000000000"  // pages, level, count, prefix, base 1000
          "1c002700"                                  // slots: 28 and 39
          "013101ac0205020d0c0b0a"                    // "1", log 1, offset 300, size 5, 1000 + 2
          "02323200000000ffffffff"                    // "22"
          "6b65790000");
    CHECK(builder.empty());
}

TEST_CASE("a node is what was added to it, and fills no more than one page") {
    std::mt19937_64 random{1};
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        std::string key(random() % 300, 'p');
        const std::size_t step = 1 + random() % 40;
        std::vector<std::string> keys;
        std::vector<LeafEntry> entries;
        NodeBuilder<LeafEntry> builder;
        for (;;) {
            key.resize(key.size() - (keys.empty() ? 0 : random() % key.size()));
            key += static_cast<char>(keys.size() / 256 + 'q');
            key += static_cast<char>(keys.size() % 256);
            key.append(random() % step, static_cast<char>(random()));
            if (!keys.empty() && key <= keys.back()) {
                key = keys.back() + 'x';
            }
            const LeafEntry entry{.log_index = random() >> (random() % 64),
                                  .offset = random() >> (random() % 64),
                                  .value_size = static_cast<std::uint32_t>(random()),
                                  .timestamp = log::kMaxTimestamp >> (random() % 48),
                                  .crc = static_cast<std::uint32_t>(random())};
            if (!builder.try_add(key, entry)) {
                break;
            }
            keys.push_back(key);
            entries.push_back(entry);
        }
        std::string bytes;
        REQUIRE(builder.pages() == 1);
        builder.finish(place(1), bytes);
        REQUIRE(bytes.size() == kPageSize);
        const Node node{test::bytes_view(bytes), place(1)};
        REQUIRE(node.count() == keys.size());
        for (std::uint32_t i = 0; i < node.count(); ++i) {
            REQUIRE(key_of(node, i) == keys[i]);
            const LeafEntry found = node.leaf_item(i).entry;
            REQUIRE(found.log_index == entries[i].log_index);
            REQUIRE(found.offset == entries[i].offset);
            REQUIRE(found.value_size == entries[i].value_size);
            REQUIRE(found.timestamp == entries[i].timestamp);
            REQUIRE(found.crc == entries[i].crc);
            REQUIRE(node.lower_bound(keys[i]) == i);
            REQUIRE(node.lower_bound(keys[i] + '\0') == i + 1);
            REQUIRE(node.find(keys[i]));
        }
        CHECK(node.lower_bound("") == 0);
        CHECK(node.lower_bound("z\xFF") == node.count());
    }
}

TEST_CASE("an inner node leads to the one child that may have a key") {
    NodeBuilder<ChildEntry> builder;
    REQUIRE(builder.try_add("", {.page = 0, .pages = 1}));
    REQUIRE(builder.try_add("shared-b", {.page = 1, .pages = 1}));
    REQUIRE(builder.try_add("shared-d", {.page = 2, .pages = 3}));
    std::string bytes;
    builder.finish(place(1, 2), bytes);
    const Node node{test::bytes_view(bytes), place(1, 2)};
    CHECK(node.prefix() == "shared-");
    CHECK(node.child_for("") == 0);
    CHECK(node.child_for("a") == 0);
    CHECK(node.child_for("shared-") == 0);
    CHECK(node.child_for("shared-az") == 0);
    CHECK(node.child_for("shared-b") == 1);
    CHECK(node.child_for("shared-c") == 1);
    CHECK(node.child_for("shared-d") == 2);
    CHECK(node.child_for("z") == 2);
    CHECK(node.child(2).page == 2);
    CHECK(node.child(2).pages == 3);
    CHECK(node.child(2).level == 1);
}

TEST_CASE("a node with one giant key and an inner node with two children take more pages") {
    const std::string giant(kMaxKeySize, 'k');
    NodeBuilder<LeafEntry> leaf;
    const LeafEntry largest{.log_index = kLargest,
                            .offset = kLargest,
                            .value_size = 0xFFFF'FFFF,
                            .timestamp = kLargest,
                            .crc = 0xFFFF'FFFF};
    REQUIRE(leaf.try_add(giant, largest));
    CHECK_FALSE(leaf.try_add(giant + '\0', largest));
    CHECK(leaf.pages() == kMaxNodePages);
    std::string bytes;
    leaf.finish(place(kMaxNodePages), bytes);
    const Node node{test::bytes_view(bytes), place(kMaxNodePages)};
    CHECK(key_of(node, 0) == giant);
    CHECK(node.leaf_item(0).entry.offset == kLargest);

    NodeBuilder<ChildEntry> inner;
    REQUIRE(inner.try_add("", {.page = kLargest - 99, .pages = kMaxNodePages}));
    REQUIRE(inner.try_add(giant, {.page = kLargest - 99, .pages = kMaxNodePages}));
    CHECK_FALSE(inner.try_add("l", {.page = 3, .pages = 1}));
    CHECK(inner.pages() == kMaxNodePages);
}

TEST_CASE("a node is taken for no other one, and notices each flipped bit") {
    NodeBuilder<LeafEntry> builder;
    REQUIRE(builder.try_add("key", {.crc = 1}));
    std::string bytes;
    builder.finish(place(1), bytes);
    REQUIRE(damage_of(bytes, place(1)) == "none");

    const std::string damage = "17.hint: page 5 is damaged";
    NodePlace other = place(1);
    other.seed ^= 1;
    CHECK(damage_of(bytes, other) == damage);
    other = place(1);
    other.page = 6;
    CHECK(damage_of(bytes, other) == "17.hint: page 6 is damaged");
    CHECK(damage_of(bytes, place(2)) == damage);
    CHECK(damage_of(bytes, place(1, 1)) == damage);
    CHECK(damage_of(bytes, place(1, kLogTableLevel)) == damage);
    CHECK(damage_of("", place(1)) == damage);
    CHECK(damage_of(bytes.substr(1), place(1)) == damage);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        REQUIRE(damage_of(test::flipped(bytes, at, 1U << (at % 8)), place(1)) == damage);
    }
}

// Whoever computes the checksum can write anything; that must be noticed where it would lead out of
// the node.
TEST_CASE("a node with a right checksum and wrong numbers is not read past its end") {
    NodeBuilder<LeafEntry> leaf;
    REQUIRE(leaf.try_add("key1", {.crc = 1}));
    REQUIRE(leaf.try_add("key2", {.crc = 2}));
    std::string bytes;
    leaf.finish(place(1), bytes);
    for (std::size_t at = 8; at < 60; ++at) {
        for (const int byte : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
            CAPTURE(at, byte);
            std::string wrong = bytes;
            wrong[at] = static_cast<char>(byte);
            seal(wrong, place(1));
            try {
                const Node node{test::bytes_view(wrong), place(1)};
                for (std::uint32_t i = 0; i < node.count(); ++i) {
                    (void)node.leaf_item(i);
                }
                (void)node.find("key1");
            } catch (const HintDamaged&) {
            }
        }
    }
}

TEST_CASE("a page of the log table gives back the names") {
    std::vector<log::LogName> names;
    for (std::uint64_t i = 0; i < kLogsPerPage; ++i) {
        names.push_back({kLargest - i, i * i, static_cast<log::LogKind>(i % 3)});
    }
    std::string bytes;
    encode_log_table(place(1, kLogTableLevel), names, bytes);
    REQUIRE(bytes.size() == kPageSize);
    const Node node{test::bytes_view(bytes), place(1, kLogTableLevel)};
    REQUIRE(node.count() == kLogsPerPage);
    for (std::uint32_t i = 0; i < kLogsPerPage; ++i) {
        CHECK(node.log_name(i) == names[i]);
    }
    CHECK_THROWS_AS(node.log_name(kLogsPerPage), HintDamaged);
}

}  // namespace
}  // namespace bitask::keydir
