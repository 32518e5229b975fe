#include "log/log_map.hpp"

#include "support/catch.hpp"

#include <cstdint>

namespace bitask::log {
namespace {

TEST_CASE("a log's number is found by the whole of its name") {
    LogMap map;
    CHECK(map.find({1, 0, LogKind::sealed}) == nullptr);
    map.add({1, 0, LogKind::sealed}, 10);
    map.add({1, 1, LogKind::sealed}, 11);
    map.add({0, 1, LogKind::sealed}, 12);  // the same sum
    CHECK(*map.find({1, 0, LogKind::sealed}) == 10);
    CHECK(*map.find({1, 1, LogKind::sealed}) == 11);
    CHECK(*map.find({0, 1, LogKind::sealed}) == 12);
    CHECK(map.find({1, 0, LogKind::active}) == nullptr);
    CHECK(map.find({2, 0, LogKind::sealed}) == nullptr);
    CHECK(map.size() == 3);
}

TEST_CASE("any number of logs is found") {
    constexpr std::uint64_t kLogs = 10'000;
    constexpr std::uint64_t kFirst = 1'700'000'000'000;
    constexpr std::uint64_t kStep = 1U << 20;  // low digits that are all the same
    LogMap map;
    for (std::uint64_t i = 0; i < kLogs; ++i) {
        map.add({kFirst + i * kStep, 0, LogKind::sealed}, i);
    }
    for (std::uint64_t i = 0; i < kLogs; ++i) {
        const std::uint64_t* const found = map.find({kFirst + i * kStep, 0, LogKind::sealed});
        REQUIRE(found != nullptr);
        REQUIRE(*found == i);
    }
    CHECK(map.find({kFirst + 1, 0, LogKind::sealed}) == nullptr);
}

}  // namespace
}  // namespace bitask::log
