#include "store/read_plan.hpp"

#include "store/places.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace bitask::store {
namespace {

constexpr std::uint64_t kLog = std::uint64_t{1} << Places::kOffsetBits;
constexpr std::uint64_t kStretch = 4 * 1024 * 1024;  // bytes

// By their places: sizes and positions.
using Records = std::map<std::uint64_t, std::pair<std::size_t, std::size_t>>;

// In three logs, each of several stretches.
Records some_records(std::size_t count, unsigned seed) {
    std::mt19937_64 random{seed};
    Records records;
    while (records.size() < count) {
        const std::uint64_t place = random() % 3 * kLog + random() % (5 * kStretch);
        records[place] = {random() % ReadPlan::kMaxSize, random() % ReadPlan::kMaxPosition};
    }
    return records;
}

void add_shuffled(ReadPlan& plan, const Records& records, unsigned seed) {
    std::vector<std::uint64_t> places;
    for (const auto& [place, record] : records) {
        places.push_back(place);
    }
    std::shuffle(places.begin(), places.end(), std::mt19937_64{seed});
    for (const std::uint64_t place : places) {
        plan.add(place, records.at(place).first, records.at(place).second);
    }
    plan.prepare();
}

// All that is left, each record once.
Records take_all(ReadPlan& plan) {
    Records records;
    while (const auto part = plan.take()) {
        REQUIRE_FALSE(part->items.empty());
        std::uint64_t last = 0;
        for (const ReadPlan::Item& item : part->items) {
            REQUIRE(item.offset() >= last);
            last = item.offset();
            REQUIRE(records
                        .try_emplace(part->begin + item.offset(),
                                     std::pair{item.size(), item.position()})
                        .second);
        }
    }
    return records;
}

TEST_CASE("a plan to read has all records that it was given, stretch by stretch and in order") {
    ReadPlan plan;
    CHECK_FALSE(plan.take());
    for (unsigned round = 1; round <= 3; ++round) {
        const Records records = some_records(20'000, round);
        add_shuffled(plan, records, round);
        CHECK(take_all(plan) == records);
        CHECK_FALSE(plan.take());
        plan.clear();
        CHECK_FALSE(plan.take());
    }
    plan.release();
    CHECK(plan.bytes() == 0);
    const Records records = some_records(100, 4);
    add_shuffled(plan, records, 4);
    CHECK(take_all(plan) == records);
}

TEST_CASE("several threads that take from a plan to read have each record once") {
    ReadPlan plan;
    const Records records = some_records(50'000, 1);
    add_shuffled(plan, records, 1);
    std::vector<Records> taken(3);
    {
        std::vector<std::jthread> threads;
        threads.reserve(taken.size());
        for (Records& part : taken) {
            threads.emplace_back([&plan, &part] {
                while (const auto items = plan.take()) {
                    for (const ReadPlan::Item& item : items->items) {
                        part[items->begin + item.offset()] = {item.size(), item.position()};
                    }
                }
            });
        }
    }
    Records all;
    std::size_t count = 0;
    for (const Records& part : taken) {
        all.insert(part.begin(), part.end());
        count += part.size();
    }
    CHECK(count == records.size());
    CHECK(all == records);
}

TEST_CASE("a plan to read keeps the highest numbers that it may be given") {
    ReadPlan plan;
    const Records records{{0, {0, 0}},
                          {kStretch - 1, {ReadPlan::kMaxSize, ReadPlan::kMaxPosition}},
                          {kLog + Places::kMaxOffset, {1, ReadPlan::kMaxPosition}}};
    add_shuffled(plan, records, 1);
    CHECK(take_all(plan) == records);
}

// One pass of sorting is an odd number of them, after which vectors have changed places.
TEST_CASE("a plan to read keeps a stretch whose records stand close together") {
    ReadPlan plan;
    for (unsigned round = 0; round < 3; ++round) {
        Records records = some_records(5'000, round);
        for (std::size_t i = 0; i < 300; ++i) {
            records[3 * kLog + i] = {i, i};
        }
        add_shuffled(plan, records, round);
        CHECK(take_all(plan) == records);
        plan.clear();
    }
}

TEST_CASE("a plan to read says what it has in memory, a wide log and many stretches included") {
    ReadPlan plan;
    constexpr std::size_t kRecords = 1000;
    for (std::size_t i = 0; i < kRecords; ++i) {
        plan.add(i, 1, i);
    }
    CHECK(plan.bytes() >= kRecords * sizeof(ReadPlan::Item));
    CHECK(plan.bytes() <= 3 * kRecords * sizeof(ReadPlan::Item));
    const std::size_t before = plan.bytes();
    plan.add(Places::kMaxOffset, 1, 0);
    CHECK(plan.bytes() - before >= Places::kMaxOffset / kStretch * sizeof(std::uint32_t));
    plan.clear();
    CHECK(plan.bytes() >= kRecords * sizeof(ReadPlan::Item));  // kept
}

}  // namespace
}  // namespace bitask::store
