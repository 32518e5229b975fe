#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// Scans without an order.
namespace bitask::test {
namespace {

WriterOptions small_logs() {
    WriterOptions options;
    options.max_log_size = 600;
    options.max_tail = 0;
    return options;
}

struct Dump {
    Contents pairs;
    Strings errors;
    std::vector<std::string> order;  // of the keys
};

// All that is left of a scan; a pair that comes twice is an error.
Dump rest_of(Cursor& cursor) {
    Dump dump;
    for (;;) {
        try {
            if (!cursor.next()) {
                return dump;
            }
        } catch (const Error& error) {
            REQUIRE(error.kind() == ErrorKind::corrupt);
            dump.errors.emplace_back(error.what());
            continue;
        }
        const std::string key{cursor.key()};
        REQUIRE(dump.pairs.emplace(key, read_all(cursor.value())).second);
        dump.order.push_back(key);
    }
}

Dump dump_of(HandmadeStore& store) {
    const Reader reader{store.disk, kStore};
    return rest_of(*reader.scan({}, Visit::pairs_unordered));
}

std::string key_of(int number) {
    return "key" + std::to_string(number * 7919 % 1000);  // in no order
}

// Every key once, so that all of each log is current.
void fill(HandmadeStore& store, int keys) {
    Writer writer{store.disk, kStore, small_logs()};
    for (int i = 0; i < keys; ++i) {
        writer.put(key_of(i), "value" + std::to_string(i));
    }
    writer.commit();
}

void overwrite_some(HandmadeStore& store) {
    Writer writer{store.disk, kStore, small_logs()};
    for (int i = 0; i < 200; i += 3) {
        writer.put(key_of(i), "another" + std::to_string(i));
    }
    for (int i = 1; i < 200; i += 5) {
        writer.remove(key_of(i));
    }
    writer.commit();
}

void remove_hints(HandmadeStore& store) {
    for (const std::string& file : store.files()) {
        if (!file.ends_with(".log")) {
            store.folder->remove(file);
        }
    }
}

TEST_CASE("a scan without an order shows every pair once, in the order of the logs") {
    HandmadeStore store;
    fill(store, 200);
    const Dump dump = dump_of(store);
    CHECK(dump.pairs == store.contents());
    REQUIRE(dump.order.size() == 200);
    for (int i = 0; i < 200; ++i) {
        CHECK(dump.order[static_cast<std::size_t>(i)] == key_of(i));
    }
}

TEST_CASE("a scan without an order shows current pairs alone") {
    HandmadeStore store;
    fill(store, 200);
    overwrite_some(store);
    CHECK(dump_of(store).pairs == store.contents());

    store.put(key_of(5), "in the tail");
    CHECK(dump_of(store).pairs == store.contents());

    remove_hints(store);
    CHECK(dump_of(store).pairs == store.contents());
}

TEST_CASE("a scan without an order shows values of any size") {
    HandmadeStore store;
    store.put("large", std::string(700'000, 'x'));
    store.put("small", "y");
    store.put("larger", std::string(1'700'000, 'z'));
    CHECK(dump_of(store).pairs == store.contents());
}

TEST_CASE("a scan without an order of nothing shows nothing") {
    HandmadeStore store;
    store.put("key", "value");
    store.remove("key");
    CHECK(dump_of(store).pairs.empty());
}

TEST_CASE("a scan without an order that a compaction overtakes shows every pair once") {
    for (const bool garbage : {false, true}) {
        for (const int seen_before : {0, 1, 50, 120}) {
            HandmadeStore store;
            fill(store, 200);
            if (garbage) {
                overwrite_some(store);
            }
            const Contents expected = store.contents();
            const Reader reader{store.disk, kStore};
            const auto cursor = reader.scan({}, Visit::pairs_unordered);
            Contents found;
            for (int i = 0; i < seen_before; ++i) {
                REQUIRE(cursor->next());
                found.emplace(cursor->key(), read_all(cursor->value()));
            }
            // Garbage in every log, yet nothing that a user could see.
            Writer writer{store.disk, kStore, small_logs()};
            for (const auto& [key, value] : expected) {
                if (value.size() % 2 == 0) {
                    writer.put(key, value);
                }
            }
            REQUIRE_FALSE(writer.compact({}).rewritten.empty());

            const Dump rest = rest_of(*cursor);
            CHECK(rest.errors.empty());
            for (const auto& [key, value] : rest.pairs) {
                CHECK(found.emplace(key, value).second);
            }
            CHECK(found == expected);
        }
    }
}

TEST_CASE("a scan without an order tells of damage, and shows everything else") {
    for (const bool garbage : {false, true}) {
        HandmadeStore store;
        fill(store, 200);
        if (garbage) {
            overwrite_some(store);
        }
        Contents expected = store.contents();
        const std::string log = log_names(store.disk, kStore).at(3);
        const std::string bytes = bytes_of(store.disk, kStore, log);
        const std::string lost = [&] {
            for (const auto& [key, value] : expected) {
                if (bytes.find(key + value) != std::string::npos) {
                    return key;
                }
            }
            throw std::logic_error{"no current record in the log"};
        }();
        store.disk.flip(kStore, log, bytes.find(lost + expected[lost]) + lost.size(), 1);
        const Dump dump = dump_of(store);
        REQUIRE(dump.errors.size() == 1);
        CHECK(dump.errors.front().find(log) != std::string::npos);
        expected.erase(lost);
        CHECK(dump.pairs == expected);
    }
}

}  // namespace
}  // namespace bitask::test
