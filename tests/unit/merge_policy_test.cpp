#include "keydir/merge_policy.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace bitask::keydir {
namespace {

// Hints, oldest first, by the number of their entries.
std::vector<HintInfo> hints_of(const std::vector<std::uint64_t>& entries) {
    std::vector<HintInfo> hints;
    hints.reserve(entries.size());
    for (const std::uint64_t count : entries) {
        hints.push_back({.number = hints.size() + 1, .entries = count});
    }
    return hints;
}

// What writers do over time: each adds a hint, merged as the policy says.
class Publishing {
public:
    explicit Publishing(std::size_t max_hints) : max_hints_{max_hints} {}

    void publish(std::uint64_t entries) {
        const std::size_t merged = hints_to_merge(hints_of(hints_), entries, max_hints_);
        REQUIRE(merged <= hints_.size());
        std::uint64_t size = entries;
        for (std::size_t i = 0; i < merged; ++i) {
            size += hints_.back();
            hints_.pop_back();
        }
        hints_.push_back(size);
        added_ += entries;
        written_ += size;
    }

    [[nodiscard]] const std::vector<std::uint64_t>& hints() const { return hints_; }
    [[nodiscard]] std::uint64_t entries() const {
        return std::accumulate(hints_.begin(), hints_.end(), std::uint64_t{0});
    }
    [[nodiscard]] double times_written() const {
        return static_cast<double>(written_) / static_cast<double>(added_);
    }

private:
    std::size_t max_hints_;
    std::vector<std::uint64_t> hints_;
    std::uint64_t added_ = 0;
    std::uint64_t written_ = 0;
};

TEST_CASE("while there is room for a hint nothing is merged") {
    CHECK(hints_to_merge({}, 5, 8) == 0);
    CHECK(hints_to_merge(hints_of({1, 1, 1, 1, 1, 1, 1}), 1'000'000, 8) == 0);
}

TEST_CASE("without room the newest hints are merged, up to one that is more than twice as large") {
    CHECK(hints_to_merge(hints_of({1000, 100, 10}), 1, 3) == 1);
    CHECK(hints_to_merge(hints_of({1000, 23, 10}), 1, 3) == 1);
    CHECK(hints_to_merge(hints_of({1000, 22, 10}), 1, 3) == 2);
    CHECK(hints_to_merge(hints_of({66, 22, 10}), 1, 3) == 3);
    CHECK(hints_to_merge(hints_of({10, 10, 10}), 0, 3) == 3);
}

TEST_CASE("a large hint is not written anew for the sake of a small one") {
    CHECK(hints_to_merge(hints_of({50'000'000, 4, 3, 2, 1}), 1, 5) == 4);
}

TEST_CASE("however much is published in whatever pieces, few hints are left and nothing is lost") {
    std::mt19937_64 random{7};
    for (const std::size_t max_hints : {std::size_t{1}, std::size_t{2}, std::size_t{8}}) {
        CAPTURE(max_hints);
        Publishing publishing{max_hints};
        std::uint64_t added = 0;
        for (int i = 0; i < 5000; ++i) {
            const std::uint64_t entries = random() % (random() % 100 == 0 ? 100'000 : 100);
            publishing.publish(entries);
            added += entries;
            REQUIRE(publishing.hints().size() <= max_hints);
            REQUIRE(publishing.entries() == added);
        }
    }
}

TEST_CASE("what a writer adds in equal pieces is written a few times, not once for each piece") {
    Publishing publishing{8};
    for (int i = 0; i < 10'000; ++i) {
        publishing.publish(500);
    }
    CHECK(publishing.times_written() < 16);
}

TEST_CASE("a load of any size writes each entry once a tier, and never leaves too many hints") {
    const std::size_t max_hints = GENERATE(36U, 208U);
    std::vector<std::uint64_t> hints;
    std::uint64_t written = 0;
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t entries = 29'000 + static_cast<std::uint64_t>(i % 5) * 1000;
        const std::size_t merged = hints_to_merge_on_the_way(hints_of(hints), entries, max_hints);
        std::uint64_t size = entries;
        for (std::size_t k = 0; k < merged; ++k) {
            size += hints.back();
            hints.pop_back();
        }
        hints.push_back(size);
        written += size;
        REQUIRE(hints.size() <= max_hints);
    }
    const std::uint64_t all = std::accumulate(hints.begin(), hints.end(), std::uint64_t{0});
    CHECK(static_cast<double>(written) / static_cast<double>(all) < 4);
}

TEST_CASE("a load merges no large hint as long as there are enough small ones") {
    std::vector<std::uint64_t> hints(1, 1'000'000'000);
    hints.insert(hints.end(), 34, 1000);
    CHECK(hints_to_merge_on_the_way(hints_of(hints), 1000, 36) == 0);
    hints.push_back(1000);
    CHECK(hints_to_merge_on_the_way(hints_of(hints), 1000, 36) == 35);
    CHECK(hints_to_merge_on_the_way(hints_of({9, 9, 9, 9}), 0, 4) == 4);
    // However large a manifest says that they are.
    CHECK(hints_to_merge_on_the_way(hints_of({UINT64_MAX, UINT64_MAX - 1, UINT64_MAX}), 0, 3) == 3);
    CHECK(hints_to_merge_on_the_way(hints_of({UINT64_MAX, UINT64_MAX / 16 + 1}), UINT64_MAX, 2) ==
          2);
}

}  // namespace
}  // namespace bitask::keydir
