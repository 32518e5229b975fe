#include "store/ordered_cursors.hpp"

#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "store/view.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Scans of so many pairs that they are read in batches.
namespace bitask::store {
namespace {

using test::HandmadeStore;
using test::kStore;

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr int kKeys = 20'000;

enum class Order { of_keys, none };

std::string key_of(int number) {
    return "key" + std::to_string(100'000 + number);
}

int number_of(int i, Order order) {
    constexpr int kStep = 7919;  // and kKeys have no common divisor
    return order == Order::of_keys ? i : static_cast<int>(std::int64_t{i} * kStep % kKeys);
}

WriterOptions options() {
    WriterOptions options;
    options.max_log_size = 256 * 1024;
    return options;
}

void fill(Writer& writer, Order order) {
    for (int i = 0; i < kKeys; ++i) {
        const int number = number_of(i, order);
        writer.put(key_of(number), "value" + std::to_string(number));
    }
    writer.commit();
}

Pairs filled(int from, int to) {
    Pairs pairs;
    for (int i = from; i < to; ++i) {
        pairs.emplace_back(key_of(i), "value" + std::to_string(i));
    }
    return pairs;
}

Pairs rest_of(Cursor& cursor) {
    Pairs pairs;
    while (cursor.next()) {
        pairs.emplace_back(cursor.key(), test::read_all(cursor.value()));
    }
    return pairs;
}

TEST_CASE("a scan shows every pair once and in order, however many batches it takes") {
    const Order order = GENERATE(Order::of_keys, Order::none);
    const std::size_t max_bytes =
        GENERATE(std::size_t{1}, std::size_t{10'000}, std::size_t{500'000}, std::size_t{1'000'000},
                 std::size_t{100'000'000});
    CAPTURE(max_bytes);
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, options()};
        fill(writer, order);
    }
    View view{store.disk, kStore, {}};
    CHECK(rest_of(*make_pair_cursor(view, {}, max_bytes)) == filled(0, kKeys));
    Range last;
    last.reverse = true;
    last.limit = 10'000;
    Pairs expected = filled(kKeys - 10'000, kKeys);
    std::ranges::reverse(expected);
    CHECK(rest_of(*make_pair_cursor(view, last, max_bytes)) == expected);
}

TEST_CASE("a scan of stretches with an order and stretches without one shows every pair once") {
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, options()};
        fill(writer, Order::of_keys);
        for (int i = 0; i < kKeys; ++i) {
            const int number = number_of(i, Order::none);
            if (number / 5000 % 2 == 1) {
                writer.put(key_of(number), "value" + std::to_string(number));
            }
        }
        writer.commit();
    }
    View view{store.disk, kStore, {}};
    CHECK(rest_of(*make_pair_cursor(view, {}, 1'000'000)) == filled(0, kKeys));
}

// What a batch keeps of hundreds of thousands of records must not take the room of small batches.
TEST_CASE("a scan of very many pairs without an order, then of some with one, shows all of them") {
    constexpr int kWithout = 300'000;
    constexpr int kAll = 320'000;
    const auto key = [](int number) { return std::to_string(1'000'000 + number); };
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, options()};
        for (int i = 0; i < kWithout; ++i) {
            writer.put(key(static_cast<int>(std::int64_t{i} * 7919 % kWithout)), "v");
        }
        for (int i = kWithout; i < kAll; ++i) {
            writer.put(key(i), "v");
        }
        writer.commit();
    }
    View view{store.disk, kStore, {}};
    const auto cursor = make_pair_cursor(view, {});
    for (int i = 0; i < kAll; ++i) {
        REQUIRE(cursor->next());
        REQUIRE(cursor->key() == key(i));
    }
    CHECK_FALSE(cursor->next());
}

TEST_CASE("a scan of many small pairs, then of many long ones, shows every pair once") {
    const auto value_of = [](int number) {
        return "value" + std::to_string(number) + std::string(number < kKeys / 2 ? 0 : 400, 'x');
    };
    const bool reverse = GENERATE(false, true);
    const test::TemporaryFolder folder;
    {
        Writer writer{folder.path(), options()};
        for (int i = 0; i < kKeys; ++i) {
            const int number = number_of(i, Order::none);
            writer.put(key_of(number), value_of(number));
        }
        writer.commit();
    }
    Pairs expected;
    for (int i = 0; i < kKeys; ++i) {
        expected.emplace_back(key_of(i), value_of(i));
    }
    Range range;
    range.reverse = reverse;
    if (reverse) {
        std::ranges::reverse(expected);
    }
    View view{io::posix_environment(), folder.path(), {}};
    CHECK(rest_of(*make_pair_cursor(view, range, 1'500'000)) == expected);
}

TEST_CASE("a scan that reads ahead follows compactions and passes over what was removed") {
    const Order order = GENERATE(Order::of_keys, Order::none);
    const test::TemporaryFolder folder;
    {
        Writer writer{folder.path(), options()};
        fill(writer, order);
    }
    const Reader reader{folder.path()};
    const auto cursor = reader.scan({}, Visit::pairs);
    Pairs shown;
    std::map<std::string, std::string> removed;
    while (cursor->next()) {
        shown.emplace_back(cursor->key(), test::read_all(cursor->value()));
        if (shown.size() % 3000 != 0) {
            continue;
        }
        Writer writer{folder.path(), options()};
        for (int i = 1; i < 400; i += 2) {  // behind, and in logs that were not looked at yet
            const int number = static_cast<int>(shown.size()) + i * 10;
            if (number < kKeys && writer.remove(key_of(number))) {
                removed[key_of(number)] = "value" + std::to_string(number);
            }
        }
        writer.compact({});
    }
    REQUIRE(removed.size() > 500);
    const std::map<std::string, std::string> seen{shown.begin(), shown.end()};
    CHECK(seen.size() == shown.size());
    for (const auto& [key, value] : filled(0, kKeys)) {
        const auto found = seen.find(key);
        if (found == seen.end()) {
            CHECK(removed.contains(key));
        } else if (found->second != value) {
            FAIL(key + " has the value " + found->second);
        }
    }
    CHECK(std::ranges::is_sorted(shown));
}

TEST_CASE("a scan with a limit that reads ahead makes up for pairs that were removed meanwhile") {
    HandmadeStore store;
    WriterOptions small;
    small.max_log_size = 4096;
    {
        Writer writer{store.disk, kStore, small};
        for (int i = 0; i < kKeys; ++i) {
            // One that is so large that it is read when its turn comes.
            writer.put(key_of(i), i == 9400 ? std::string(50'000, 'x') : "value");
        }
        writer.commit();
    }
    const Reader reader{store.disk, kStore};
    Range range;
    range.limit = 16 + 128 + 1024 + 2 * 8192;  // as many as are in the batches to the next but one
    const auto cursor = reader.scan(range, Visit::pairs);
    std::uint64_t shown = 0;
    for (; shown < 9380; ++shown) {
        REQUIRE(cursor->next());
    }
    {
        Writer writer{store.disk, kStore, small};
        REQUIRE(writer.remove(key_of(9400)));
        writer.compact({.all = true});
    }
    while (cursor->next()) {
        ++shown;
        CHECK(cursor->key() != key_of(9400));
    }
    CHECK(shown == *range.limit);
}

TEST_CASE("a scan that a compaction overtakes between two batches does not give up the hints") {
    HandmadeStore store;
    WriterOptions small;
    small.max_log_size = 4096;
    small.max_tail = 0;
    {
        Writer writer{store.disk, kStore, small};
        fill(writer, Order::none);
    }
    View view{store.disk, kStore, {}};
    REQUIRE(view.state().manifest);
    const auto cursor = make_pair_cursor(view, {}, 10'000);
    Pairs shown;
    while (cursor->next()) {
        shown.emplace_back(cursor->key(), test::read_all(cursor->value()));
        if (shown.size() % 5000 == 0) {
            Writer writer{store.disk, kStore, small};
            writer.compact({.all = true});
        }
    }
    CHECK(shown == filled(0, kKeys));
    CHECK(view.state().manifest);
}

TEST_CASE("a scan whose disk fails once says so, and shows the rest when it is asked again") {
    const Order order = GENERATE(Order::of_keys, Order::none);
    constexpr int kFewer = 400;
    HandmadeStore store;
    WriterOptions small;
    small.max_log_size = 4096;
    small.max_tail = 0;
    {
        Writer writer{store.disk, kStore, small};
        for (int i = 0; i < kFewer; ++i) {
            const int number = order == Order::of_keys ? i : i * 7 % kFewer;
            writer.put(key_of(number), "value" + std::to_string(number));
        }
        writer.commit();
    }
    std::uint64_t failures = 0;
    for (std::uint64_t step = 0;; ++step) {
        test::FaultyEnvironment failing{
            store.disk, {.fault = test::Fault::error_once, .step = step, .lookups = true}};
        std::unique_ptr<View> view;
        try {
            view = std::make_unique<View>(failing, kStore, ReaderOptions{});
        } catch (const Error&) {
            continue;  // told at once
        }
        const auto cursor = make_pair_cursor(*view, {}, 5'000);
        Pairs shown;
        for (bool more = true; more;) {
            try {
                more = cursor->next();
                if (more) {
                    shown.emplace_back(cursor->key(), test::read_all(cursor->value()));
                }
            } catch (const Error& error) {
                CHECK(error.kind() == ErrorKind::io);
                ++failures;
            }
        }
        CAPTURE(step, failing.where());
        // A pair that could not be read was told of in its place.
        CHECK(shown.size() + 1 >= kFewer);
        CHECK(std::ranges::is_sorted(shown));
        const Pairs all = filled(0, kFewer);
        CHECK(std::ranges::includes(all, shown));
        if (!failing.tripped()) {
            CHECK(shown == all);
            break;
        }
    }
    CHECK(failures > 0);
}

}  // namespace
}  // namespace bitask::store
