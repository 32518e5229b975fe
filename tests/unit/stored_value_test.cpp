#include "log/stored_value.hpp"

#include "log/record.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bitask::log {
namespace {

constexpr std::uint64_t kTime = 1'700'000'000'000;

TEST_CASE("a value is found in the bytes of its record, and in no others") {
    const std::string value = GENERATE(std::string{"value"}, std::string(1000, 'x'));
    std::string record;
    const RecordHeader header = encode_record("key", value, kTime, record);
    CHECK(value_in(record, header, "key") == value);

    for (std::size_t at = 0; at < record.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            CAPTURE(at, bit);
            REQUIRE_FALSE(value_in(test::flipped(record, at, 1U << bit), header, "key"));
        }
    }
    for (std::size_t size = 0; size < record.size(); ++size) {
        REQUIRE_FALSE(value_in(std::string_view{record}.substr(0, size), header, "key"));
    }
    CHECK_FALSE(value_in(record + "x", header, "key"));
    CHECK_FALSE(value_in(record, header, "kez"));
    CHECK_FALSE(value_in(record, header, "ke"));
}

TEST_CASE("a value is copied from behind its header, and from no other bytes") {
    const std::string value = GENERATE(std::string{"value"}, std::string(1000, 'x'));
    std::string record;
    const RecordHeader header = encode_record("key", value, kTime, record);
    const std::string payload = record.substr(kHeaderSize);
    std::string copy = "from before";
    REQUIRE(copy_value(payload, header, "key", copy));
    CHECK(copy == value);

    for (std::size_t at = 0; at < payload.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            CAPTURE(at, bit);
            REQUIRE_FALSE(copy_value(test::flipped(payload, at, 1U << bit), header, "key", copy));
        }
    }
    for (std::size_t size = 0; size < payload.size(); ++size) {
        REQUIRE_FALSE(copy_value(std::string_view{payload}.substr(0, size), header, "key", copy));
    }
    CHECK_FALSE(copy_value(payload + "x", header, "key", copy));
    CHECK_FALSE(copy_value(payload, header, "kez", copy));
    CHECK_FALSE(copy_value(payload, header, "ke", copy));
}

TEST_CASE("a value is not found in a record of the key with another header") {
    std::string record;
    std::string other;
    encode_record("key", "value", kTime, record);
    CHECK_FALSE(value_in(record, encode_record("key", "Value", kTime, other), "key"));
    CHECK_FALSE(value_in(record, encode_record("key", "value", kTime + 1, other), "key"));
    CHECK_FALSE(value_in(record, encode_record("keyv", "alue", kTime, other), "key"));
}

}  // namespace
}  // namespace bitask::log
