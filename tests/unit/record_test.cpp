#include "log/record.hpp"

#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace bitask::log {
namespace {

constexpr std::uint64_t kTime = 1'700'000'000'000;

RecordHeader header_of(const std::string& record) {
    return decode_header(test::bytes_view(record).first<kHeaderSize>());
}

TEST_CASE("a record has the bytes that the format's document shows") {
    std::string record;
    encode_record("foo", "bar", kTime, record);
    CHECK(test::hex(record) ==
          "951ff69e0068e5cf8b0100000300000003000000"
          "666f6f626172");
}

TEST_CASE("a tombstone has the bytes that the format's document shows") {
    std::string record;
    encode_record("foo", "", kTime + 5, record);
    CHECK(test::hex(record) ==
          "2165738c0568e5cf8b0100000300000000000000"
          "666f6f");
    CHECK(header_of(record).tombstone());
}

TEST_CASE("records are appended to what is there") {
    std::string log;
    encode_record("a", "1", 1, log);
    encode_record("b", "", 2, log);
    CHECK(log == test::make_record("a", "1", 1) + test::make_record("b", "", 2));
}

TEST_CASE("a header comes back from its bytes with every field at its limit") {
    constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
    for (const RecordHeader& header :
         {RecordHeader{}, RecordHeader{1, 2, 3, 4},
          RecordHeader{kMost, std::numeric_limits<std::uint64_t>::max(), kMost, kMost}}) {
        std::array<std::byte, kHeaderSize> bytes{};
        encode_header(header, bytes);
        CHECK(decode_header(bytes) == header);
    }
}

TEST_CASE("the size of a record of the longest key and value does not wrap around") {
    constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
    const RecordHeader header{.crc = 0, .timestamp = 0, .key_size = kMost, .value_size = kMost};
    CHECK(header.payload_size() == 8'589'934'590);
    CHECK(header.record_size() == 8'589'934'610);
}

TEST_CASE("a header is plausible where its record fits, has a key and a time that clocks show") {
    const RecordHeader good{.crc = 0, .timestamp = kMaxTimestamp, .key_size = 1, .value_size = 9};
    CHECK(good.plausible(30));
    CHECK(good.plausible(31));
    CHECK_FALSE(good.plausible(29));

    RecordHeader keyless = good;
    keyless.key_size = 0;
    CHECK_FALSE(keyless.plausible(1000));

    RecordHeader late = good;
    late.timestamp = kMaxTimestamp + 1;
    CHECK_FALSE(late.plausible(1000));
}

}  // namespace
}  // namespace bitask::log
