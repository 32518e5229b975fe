#include "keydir/manifest.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bitask::keydir {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span{text});
}

// One in which no two numbers are the same.
Manifest some_manifest(std::size_t hints, std::size_t logs) {
    std::uint64_t number = 1'000;
    const auto next = [&number] { return number++; };
    Manifest manifest{.active_log = next(),
                      .position = next(),
                      .last_timestamp = next(),
                      .ordered_from = next(),
                      .last_compaction = next(),
                      .has_totals = true,
                      .live_keys = next(),
                      .live_bytes = next(),
                      .unsynced_in = io::SystemRun{next(), next()},
                      .hints = {},
                      .logs = {}};
    for (std::size_t i = 0; i < hints; ++i) {
        manifest.hints.push_back({.number = next(),
                                  .pages = next(),
                                  .root_page = next(),
                                  .root_pages = static_cast<std::uint32_t>(next()),
                                  .levels = static_cast<std::uint32_t>(next()),
                                  .log_table_page = next(),
                                  .logs = next(),
                                  .entries = next(),
                                  .live_keys = next(),
                                  .live_bytes = next(),
                                  .max_timestamp = std::numeric_limits<std::uint64_t>::max(),
                                  .seed = static_cast<std::uint32_t>(next())});
    }
    for (std::size_t i = 0; i < logs; ++i) {
        manifest.logs.push_back({.name = {next(), next(), static_cast<log::LogKind>(i % 3)},
                                 .size = next(),
                                 .live_bytes = next(),
                                 .tombstone_bytes = next()});
    }
    return manifest;
}

TEST_CASE("a manifest is read back as it was written, its head without the logs") {
    for (const std::size_t hints :
         {std::size_t{0}, std::size_t{1}, std::size_t{47}, std::size_t{48}, kMaxHints}) {
        for (const std::size_t logs : {std::size_t{0}, std::size_t{1}, std::size_t{1000}}) {
            CAPTURE(hints, logs);
            Manifest manifest = some_manifest(hints, logs);
            const std::string encoded = encode_manifest(manifest);
            CHECK(decode_manifest(bytes(encoded)) == manifest);
            const auto size = manifest_head_size(bytes(encoded).first(Manifest::kHeadPage));
            REQUIRE(size);
            CHECK_FALSE(decode_manifest_head(bytes(encoded).first(*size - 1)));
            const auto head = decode_manifest_head(bytes(encoded).first(*size));
            manifest.logs.clear();
            CHECK(head == manifest);
        }
    }
}

TEST_CASE("the head of a manifest takes one page, and more only for more hints than fit there") {
    const auto pages = [](std::size_t hints) {
        const std::string encoded = encode_manifest(some_manifest(hints, 3));
        return manifest_head_size(bytes(encoded)).value_or(0) / Manifest::kHeadPage;
    };
    CHECK(pages(0) == 1);
    CHECK(pages(47) == 1);
    CHECK(pages(48) == 2);
    CHECK(pages(kMaxHints) == 5);
}

TEST_CASE("more hints than can be are neither written nor believed") {
    CHECK_THROWS_AS(encode_manifest(some_manifest(kMaxHints + 1, 1)), std::logic_error);
    std::string encoded = encode_manifest(some_manifest(1, 1));
    constexpr std::size_t kHintCountAt = 96;
    encoded[kHintCountAt] = static_cast<char>(kMaxHints + 1);
    CHECK_FALSE(manifest_head_size(bytes(encoded)));
    CHECK_FALSE(manifest_head_size(bytes(encoded).first(Manifest::kHeadPage - 1)));
    CHECK_FALSE(decode_manifest(bytes(encoded)));
}

TEST_CASE("a manifest of what is synced names no run of the system") {
    Manifest manifest = some_manifest(1, 1);
    manifest.unsynced_in.reset();
    const auto read = decode_manifest(bytes(encode_manifest(manifest)));
    REQUIRE(read);
    CHECK_FALSE(read->unsynced_in);
}

TEST_CASE("totals that are not known are not read as zeros") {
    Manifest manifest = some_manifest(1, 2);
    CHECK(manifest.totals()->live_keys == manifest.live_keys);
    manifest.set_totals({});
    const auto read = decode_manifest(bytes(encode_manifest(manifest)));
    REQUIRE(read);
    CHECK_FALSE(read->totals());
}

TEST_CASE("totals go through a manifest log by log") {
    Manifest manifest = some_manifest(1, 3);
    Totals totals{.live_keys = 7, .live_bytes = 70, .logs = {}};
    totals.logs[manifest.logs[1].name] = {.live_bytes = 70, .tombstone_bytes = 30};
    manifest.set_totals(totals);
    const auto read = decode_manifest(bytes(encode_manifest(manifest)))->totals();
    REQUIRE(read);
    CHECK(read->live_keys == 7);
    CHECK(read->live_bytes == 70);
    CHECK(read->logs.at(manifest.logs[0].name).live_bytes == 0);
    CHECK(read->logs.at(manifest.logs[1].name).live_bytes == 70);
    CHECK(read->logs.at(manifest.logs[1].name).tombstone_bytes == 30);
}

TEST_CASE("no flipped bit of a manifest goes unnoticed") {
    const std::size_t hints = GENERATE(2U, 60U);
    const std::string good = encode_manifest(some_manifest(hints, 3));
    const std::size_t head = manifest_head_size(bytes(good)).value_or(0);
    REQUIRE(head == (hints == 2 ? 1 : 2) * Manifest::kHeadPage);
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            CAPTURE(at, bit);
            std::string flipped = good;
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
            REQUIRE_FALSE(decode_manifest(bytes(flipped)));
            // The head's checksum covers that of the logs, not their bytes.
            REQUIRE(decode_manifest_head(bytes(flipped)).has_value() == (at >= head));
        }
    }
}

TEST_CASE("no manifest that is too short or too long is read") {
    const std::size_t hints = GENERATE(2U, 60U);
    const std::string good = encode_manifest(some_manifest(hints, 3));
    for (std::size_t size = 0; size < good.size(); ++size) {
        CAPTURE(size);
        REQUIRE_FALSE(decode_manifest(bytes(good).first(size)));
    }
    CHECK_FALSE(decode_manifest(bytes(good + '\0')));
    CHECK_FALSE(decode_manifest(bytes(good + good)));
}

TEST_CASE("a manifest of more hints than readers would look into is not written") {
    CHECK_THROWS_AS(encode_manifest(some_manifest(kMaxHints + 1, 0)), std::logic_error);
}

}  // namespace
}  // namespace bitask::keydir
