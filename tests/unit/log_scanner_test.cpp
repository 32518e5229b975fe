#include "log/log_scanner.hpp"

#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::log {
namespace {

using test::make_record;
using Step = LogScanner::Step;
using test::Strings;

const LogName kSealed{17, 0, LogKind::sealed};
constexpr std::size_t kWindow = 256 * 1024;

// A file that counts what is read from it, and how much at a time.
class WatchedFile final : public io::File {
public:
    explicit WatchedFile(std::string bytes) : bytes_{std::move(bytes)} {}

    std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override {
        longest_read = std::max(longest_read, out.size());
        const auto begin = std::min<std::uint64_t>(offset, bytes_.size());
        const auto run =
            std::string_view{bytes_}.substr(static_cast<std::size_t>(begin), out.size());
        std::ranges::copy(test::bytes_view(run), out.begin());
        return run.size();
    }
    void write(std::uint64_t, std::span<const std::byte>) override {}
    void truncate(std::uint64_t) override {}
    void sync() override {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] io::FileIdentity identity() const override { return {}; }
    [[nodiscard]] bool lock(std::chrono::milliseconds) override { return false; }
    [[nodiscard]] std::optional<std::uint64_t> lock_holder() const override { return {}; }

    mutable std::size_t longest_read = 0;

private:
    std::string bytes_;
};

Bounds sealed_bounds(std::uint64_t size) {
    return {.size = size, .complete_up_to = size, .clean_end = {}, .thorough = false};
}

Bounds active_bounds(std::uint64_t size) {
    return {.size = size, .complete_up_to = 0, .clean_end = {}, .thorough = false};
}

// What a walk over the log meets: "key@offset", "damage@offset+size", "torn@offset+size".
Strings walk(const io::File& file, const Bounds& bounds, std::uint64_t from = 0) {
    LogScanner scanner{file, kSealed, bounds, from};
    Strings steps;
    for (Step step = scanner.next(); step != Step::end; step = scanner.next()) {
        const std::string at = "@" + std::to_string(scanner.place().offset);
        const std::string size = "+" + std::to_string(scanner.damage().size);
        switch (step) {
            case Step::record: steps.push_back(std::string{scanner.key()} + at); break;
            case Step::damage: steps.push_back("damage" + at + size); break;
            case Step::torn_tail: steps.push_back("torn" + at + size); break;
            case Step::end: break;
        }
        CHECK(scanner.position() > scanner.place().offset);
    }
    return steps;
}

Strings walk(const std::string& log) {
    return walk(WatchedFile{log}, sealed_bounds(log.size()));
}

TEST_CASE("an empty log has no records") {
    CHECK(walk("").empty());
}

TEST_CASE("every record is met in order, with its header, key and place") {
    const std::string log = make_record("a", "1", 5) + make_record("bb", "", 7);
    const WatchedFile file{log};
    LogScanner scanner{file, kSealed, sealed_bounds(log.size())};
    REQUIRE(scanner.next() == Step::record);
    CHECK(scanner.key() == "a");
    CHECK(scanner.header().timestamp == 5);
    CHECK(scanner.header().value_size == 1);
    CHECK(scanner.place() == Location{kSealed, 0});
    REQUIRE(scanner.next() == Step::record);
    CHECK(scanner.key() == "bb");
    CHECK(scanner.header().tombstone());
    CHECK(scanner.place() == Location{kSealed, 22});
    CHECK(scanner.next() == Step::end);
    CHECK(scanner.next() == Step::end);
    CHECK(scanner.position() == log.size());
}

TEST_CASE("a walk may begin at any record") {
    const std::string log = make_record("a", "1", 5) + make_record("b", "2", 6);
    const WatchedFile file{log};
    CHECK(walk(file, sealed_bounds(log.size()), 22) == Strings{"b@22"});
    CHECK(walk(file, sealed_bounds(log.size()), 44).empty());
    CHECK(walk(file, sealed_bounds(log.size()), 1000).empty());
}

TEST_CASE("bytes behind the bound are not looked at") {
    const WatchedFile file{make_record("a", "1", 5) + make_record("b", "2", 6)};
    CHECK(walk(file, sealed_bounds(22)) == Strings{"a@0"});
}

TEST_CASE("records that end before, at and behind the border of the window are met whole") {
    for (int shift = -22; shift <= 22; ++shift) {
        CAPTURE(shift);
        const auto size =
            static_cast<std::size_t>(static_cast<std::ptrdiff_t>(kWindow) - 21 + shift);
        const std::string log = make_record("a", std::string(size, 'x'), 5) +
                                make_record("b", "2", 6) + make_record("c", "3", 7);
        const auto second = std::to_string(21 + size);
        CHECK(walk(log) == Strings{"a@0", "b@" + second, "c@" + std::to_string(43 + size)});
    }
}

TEST_CASE("records larger than the window are met, keys larger than it too") {
    const std::string long_key(kWindow + 1, 'k');
    const std::string log = make_record("a", "1", 5) +
                            make_record("big", std::string(3 * kWindow, 'x'), 6) +
                            make_record(long_key, "v", 7) + make_record("z", "", 8);
    const std::uint64_t second = 22 + 23 + 3 * kWindow;
    CHECK((walk(log) == Strings{"a@0", "big@22", long_key + "@" + std::to_string(second),
                                "z@" + std::to_string(second + 21 + long_key.size())}));
}

TEST_CASE("a damaged record larger than the window is met as damage, the next one as a record") {
    const std::string big = make_record("big", std::string(2 * kWindow, 'x'), 5);
    const std::string log = test::flipped(big, kWindow) + make_record("b", "2", 6);
    const auto size = std::to_string(big.size());
    CHECK(walk(log) == Strings{"damage@0+" + size, "b@" + size});
}

TEST_CASE("lengths of gigabytes in a header cost no memory") {
    const auto key_size = GENERATE(std::uint32_t{1}, std::numeric_limits<std::uint32_t>::max());
    std::string log(kHeaderSize, '\0');
    encode_header({.crc = 1,
                   .timestamp = 5,
                   .key_size = key_size,
                   .value_size = std::numeric_limits<std::uint32_t>::max()},
                  std::as_writable_bytes(std::span{log}).first<kHeaderSize>());
    log += make_record("b", "2", 6);
    const WatchedFile file{log};
    CHECK(walk(file, active_bounds(log.size())) == Strings{"damage@0+20", "b@20"});
    CHECK(walk(file, sealed_bounds(log.size())) == Strings{"damage@0+20", "b@20"});
    CHECK(file.longest_read <= kWindow);
}

TEST_CASE("a log is read in pieces of bounded size, whatever is in it") {
    const std::string log = make_record("big", std::string(5 * kWindow, 'x'), 5) +
                            test::flipped(make_record("k", std::string(5 * kWindow, 'y'), 6), 13) +
                            make_record("z", "1", 7);
    const WatchedFile file{log};
    CHECK(walk(file, sealed_bounds(log.size())).size() == 3);
    CHECK(file.longest_read <= kWindow);
}

TEST_CASE("a log that became shorter while it is read does not end the walk in disorder") {
    const std::string log = make_record("a", "1", 5) + make_record("b", "2", 6);
    for (std::size_t left = 0; left < log.size(); ++left) {
        CAPTURE(left);
        const WatchedFile file{log.substr(0, left)};
        const Strings steps = walk(file, active_bounds(log.size()));
        Strings expected;
        if (left >= 22) {
            expected.push_back("a@0");
        }
        if (left % 22 != 0) {
            expected.push_back(left > 22 ? "torn@22+" + std::to_string(left - 22)
                                         : "torn@0+" + std::to_string(left));
        }
        CHECK(steps == expected);
    }
}

TEST_CASE("two damaged records in a row hide neither each other nor the next") {
    const std::string a = make_record("a", "111", 5);
    const std::string b = make_record("b", "222", 6);
    const std::string log = test::flipped(a, 22) + test::flipped(b, 22) + make_record("c", "3", 7);
    CHECK(walk(log) == Strings{"damage@0+24", "damage@24+24", "c@48"});
}

TEST_CASE("a log cut at any byte gives every whole record before the cut, and says the rest") {
    const std::string log =
        make_record("a", "1", 5) + make_record("bb", "22", 6) + make_record("a", "", 7);
    const auto ends = test::record_ends(log);
    for (std::size_t cut = 0; cut <= log.size(); ++cut) {
        CAPTURE(cut);
        const auto whole = static_cast<std::size_t>(
            std::ranges::count_if(ends, [&](std::uint64_t end) { return end <= cut; }));
        const WatchedFile file{log.substr(0, cut)};
        Strings steps = walk(file, active_bounds(cut));
        const std::uint64_t end = whole == 0 ? 0 : ends[whole - 1];
        if (end != cut) {
            REQUIRE_FALSE(steps.empty());
            CHECK(steps.back() == "torn@" + std::to_string(end) + "+" + std::to_string(cut - end));
            steps.pop_back();
        }
        CHECK(steps.size() == whole);
    }
}

}  // namespace
}  // namespace bitask::log
