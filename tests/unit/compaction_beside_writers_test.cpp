#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/verify.hpp"
#include "bitask/writer.hpp"
#include "store/compactor.hpp"
#include "store/hint_files.hpp"
#include "store/leftovers.hpp"
#include "store/listing.hpp"
#include "store/write_session.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/handmade_store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

// What others do while a compaction copies, by way of its progress: it holds no writer's lock then.
namespace bitask::test {
namespace {

class Meanwhile final : public Progress {
public:
    explicit Meanwhile(std::function<void()> action) : action_{std::move(action)} {}

    void advance(std::uint64_t, std::uint64_t) override {
        if (!busy_) {
            busy_ = true;
            action_();
            ++times_;
            busy_ = false;
        }
    }

    [[nodiscard]] int times() const { return times_; }

private:
    std::function<void()> action_;
    bool busy_ = false;
    int times_ = 0;
};

WriterOptions small_logs(std::uint64_t max_tail = 200) {
    WriterOptions options;
    options.max_log_size = 150;
    options.max_tail = max_tail;
    return options;
}

// Ten keys with some garbage in each log, and removed ones.
Contents fill(HandmadeStore& store) {
    Contents expected;
    Writer writer{store.disk, kStore, small_logs()};
    for (int i = 0; i < 30; ++i) {
        const std::string key = "key" + std::to_string(i % 10);
        expected[key] = "value" + std::to_string(i);
        writer.put(key, expected[key]);
        if (i % 4 == 3) {
            writer.remove(key);
            expected.erase(key);
        }
    }
    writer.commit();
    return expected;
}

void expect(HandmadeStore& store, const Contents& expected) {
    CHECK(store.contents() == expected);
    CHECK(verify(store.disk, kStore, nullptr).damage == Strings{});
    const Reader reader{store.disk, kStore};
    CHECK(reader.count({}) == expected.size());
    CHECK(reader.statistics().keys == expected.size());
    HandmadeStore logs_alone;
    logs_alone.disk = store.disk.after_kill();
    logs_alone.folder = logs_alone.disk.open_folder(kStore);
    for (const std::string& file : logs_alone.files()) {
        if (!file.ends_with(".log")) {
            logs_alone.folder->remove(file);
        }
    }
    CHECK(logs_alone.contents() == expected);
}

CompactionReport compact_while(HandmadeStore& store, std::function<void()> action,
                               CompactionOptions options = {}) {
    Meanwhile meanwhile{std::move(action)};
    options.progress = &meanwhile;
    CompactionReport report = Writer{store.disk, kStore, small_logs()}.compact(options);
    CHECK(meanwhile.times() > 0);
    return report;
}

TEST_CASE("what is put and removed during a compaction counts when it has ended") {
    HandmadeStore store;
    Contents expected = fill(store);
    int round = 0;
    compact_while(store, [&] {
        ++round;
        const std::string key = "key" + std::to_string(round % 12);
        Writer writer{store.disk, kStore, small_logs(round % 2 == 0 ? 0 : 200)};
        if (round % 3 == 0) {
            writer.remove(key);
            expected.erase(key);
        } else {
            expected[key] = "meanwhile" + std::to_string(round);
            writer.put(key, expected[key]);
        }
        writer.commit();
        CHECK(store.get(key) == (expected.contains(key) ? expected[key] : "(none)"));
    });
    expect(store, expected);
}

TEST_CASE("a key that is removed before and put during a compaction is there") {
    HandmadeStore store;
    fill(store);
    store.put("key0", "old", small_logs());
    store.remove("key0");
    bool done = false;
    compact_while(store, [&] {
        if (!std::exchange(done, true)) {
            store.put("key0", "new", small_logs());
        }
    });
    CHECK(store.get("key0") == "new");
}

TEST_CASE("a reader that was there before a compaction reads on after it") {
    HandmadeStore store;
    const Contents expected = fill(store);
    const Reader reader{store.disk, kStore};
    const auto cursor = reader.scan({}, Visit::pairs);
    REQUIRE(cursor->next());
    Contents seen{{std::string{cursor->key()}, read_all(cursor->value())}};
    Writer{store.disk, kStore, small_logs()}.compact({});
    while (cursor->next()) {
        seen[std::string{cursor->key()}] = read_all(cursor->value());
    }
    CHECK(seen == expected);
}

TEST_CASE("a second compaction is told that one is at work") {
    HandmadeStore store;
    fill(store);
    compact_while(store, [&] {
        Writer writer{store.disk, kStore, small_logs()};
        const Failure failure = failure_of([&] { writer.compact({}); });
        CHECK(failure.kind == ErrorKind::locked);
        CHECK_THAT(failure.message, Catch::Matchers::ContainsSubstring("0.compaction"));
    });
}

TEST_CASE("a writer does not take a compaction at work for a killed one") {
    HandmadeStore store;
    const Contents expected = fill(store);
    compact_while(store, [&] {
        const auto temporaries = [&store] {
            Strings files = store.files();
            std::erase_if(files, [](const std::string& file) { return !file.ends_with(".tmp"); });
            return files;
        };
        const Strings before = temporaries();
        store.folder->remove("db.lock");  // makes the next writer look at everything
        Writer{store.disk, kStore, small_logs()}.commit();
        CHECK(temporaries() == before);
    });
    expect(store, expected);
}

TEST_CASE("hints that are lost during a compaction are made anew after it") {
    for (const bool manifest_alone : {true, false}) {
        CAPTURE(manifest_alone);
        HandmadeStore store;
        const Contents expected = fill(store);
        compact_while(store, [&] {
            for (const std::string& file : store.files()) {
                if (file == "0.manifest" || (!manifest_alone && file.ends_with(".hint"))) {
                    store.folder->remove(file);
                }
            }
        });
        expect(store, expected);
        Writer{store.disk, kStore, small_logs(0)}.compact({});
        expect(store, expected);
    }
}

TEST_CASE("a compaction that is asked to stop makes what is done count") {
    HandmadeStore store;
    const Contents expected = fill(store);
    const std::uint64_t dead = Reader{store.disk, kStore}.statistics().dead_bytes;
    CompactionOptions options;
    int asked = 0;
    options.should_stop = [&asked] { return ++asked > 3; };
    const CompactionReport report = Writer{store.disk, kStore, small_logs()}.compact(options);
    CHECK(report.stopped);
    CHECK(report.rewritten.size() == 3);
    expect(store, expected);
    const Statistics after = Reader{store.disk, kStore}.statistics();
    CHECK(after.dead_bytes < dead);
    CHECK(after.live_bytes + after.dead_bytes == report.bytes_after);
    for (const std::string& file : store.files()) {
        CHECK_FALSE(file.ends_with(".tmp"));
    }
}

TEST_CASE("a compaction leaves one hint, and as many bytes as are live") {
    HandmadeStore store;
    const Contents expected = fill(store);
    Writer{store.disk, kStore, small_logs()}.compact({});
    expect(store, expected);
    const Statistics statistics = Reader{store.disk, kStore}.statistics();
    CHECK(statistics.dead_bytes == 0);
    CHECK(statistics.hints == 1);
}

TEST_CASE("a writer that has to look at everything after a compaction finds a short tail") {
    HandmadeStore store;
    const Contents expected = fill(store);
    Writer{store.disk, kStore, small_logs()}.compact({});
    const std::string manifest = store.bytes("0.manifest");
    store.folder->remove("db.lock");
    Contents more = expected;
    more["next"] = "1";
    store.put("next", "1");
    CHECK(store.bytes("0.manifest") == manifest);  // so little is not worth another
    expect(store, more);
}

TEST_CASE("a compaction of a small part adds a hint of what it moved, and keeps tombstones") {
    HandmadeStore store;
    Contents expected;
    {
        Writer writer{store.disk, kStore, small_logs()};
        for (int i = 0; i < 60; ++i) {
            const std::string key = "key" + std::to_string(100 + i);
            expected[key] = "value";
            writer.put(key, "value");
        }
        writer.put("key100", "new");
        expected["key100"] = "new";
        writer.remove("key101");
        expected.erase("key101");
        writer.commit();
    }
    const std::uint64_t hints = Reader{store.disk, kStore}.statistics().hints;
    const CompactionReport report = Writer{store.disk, kStore, small_logs()}.compact({});
    CHECK(report.rewritten.size() == 1);
    CHECK(Reader{store.disk, kStore}.statistics().hints > hints);
    expect(store, expected);
}

TEST_CASE("a compaction of a small part makes one hint of all when the newer ones hold much") {
    HandmadeStore store;
    Contents expected;
    const auto put_all = [&](int from, int to, const std::string& value) {
        Writer writer{store.disk, kStore, small_logs(0)};
        for (int i = from; i < to; ++i) {
            const std::string key = "key" + std::to_string(100 + i);
            expected[key] = value;
            writer.put(key, value);
        }
        writer.commit();
    };
    put_all(0, 100, "value");
    for (int i = 100; i < 135; i += 7) {
        put_all(i, i + 7, "value");
    }
    put_all(0, 3, "other");
    REQUIRE(Reader{store.disk, kStore}.statistics().hints > 3);
    const CompactionReport report = Writer{store.disk, kStore, small_logs()}.compact({});
    CHECK(report.rewritten.size() * 4 < report.rewritten.size() + report.logs_kept);
    CHECK(Reader{store.disk, kStore}.statistics().hints == 1);
    expect(store, expected);
}

TEST_CASE("a compaction that begins merges no hints while writers wait") {
    HandmadeStore store;
    Contents expected;
    WriterOptions options;
    options.max_tail = 0;
    for (int i = 0; i < 8; ++i) {  // as many as a writer leaves
        const std::string key = "key" + std::to_string(i);
        expected[key] = std::string(100, 'x');
        store.put(key, expected[key], options);
    }
    const std::uint64_t hints = Reader{store.disk, kStore}.statistics().hints;
    REQUIRE(hints > 1);
    store.put("key0", "last");  // in no hint yet
    expected["key0"] = "last";
    store::WriteSession session{store.disk, kStore, {}};
    const store::Recovery state = session.begin_compaction(true, store::Hints::trusted);
    REQUIRE(state.manifest);
    CHECK(state.manifest->hints.size() == hints + 1);
    expect(store, expected);
}

std::function<void()> once(std::function<void()> action) {
    return [action = std::move(action), done = false]() mutable {
        if (!std::exchange(done, true)) {
            action();
        }
    };
}

WriterOptions with_hints(std::uint64_t max_log_size) {
    WriterOptions options;
    options.max_log_size = max_log_size;
    options.max_tail = 0;
    return options;
}

CompactionReport compact_once(HandmadeStore& store, const WriterOptions& writing,
                              double min_garbage, std::function<void()> action) {
    Meanwhile meanwhile{once(std::move(action))};
    CompactionOptions options;
    options.min_garbage_percent = min_garbage;
    options.progress = &meanwhile;
    return store::compact(store.disk, kStore, writing, options);
}

void put_many(HandmadeStore& store, const std::string& key, int count, std::string_view value,
              std::uint64_t max_log_size) {
    Writer writer{store.disk, kStore, with_hints(max_log_size)};
    for (int i = 0; i < count; ++i) {
        writer.put(key + std::to_string(i), value);
    }
    writer.commit();
}

void lose_hints(HandmadeStore& store) {
    for (const std::string& file : store.files()) {
        if (file.ends_with(".hint") || file == "0.manifest") {
            store.folder->remove(file);
        }
    }
}

TEST_CASE("a removal is not overtaken by the hint of records that moved meanwhile") {
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, with_hints(1000)};
        writer.put("k", "old");
        for (int i = 0; i < 40; ++i) {
            writer.put("x", "0123456789");
        }
        for (int i = 0; i < 50; ++i) {
            writer.put("b" + std::to_string(i), std::string(2000, 'b'));
        }
        writer.commit();
    }
    compact_once(store, with_hints(1000), 10, [&store] {  // a small part
        Writer writer{store.disk, kStore, with_hints(1000)};
        CHECK(writer.remove("k"));
        for (int i = 0; i < 1000; ++i) {
            writer.put("n" + std::to_string(i), "1");
        }
        writer.commit();
    });
    put_many(store, "b", 50, "s", 100'000);
    for (int i = 0; i < 8; ++i) {
        put_many(store, "z" + std::to_string(i), 1, "1", 100'000);
    }
    compact_once(store, with_hints(1000), 0, [&store] {  // drops the tombstone
        put_many(store, "y", 120, "1", 100'000);
        put_many(store, "y", 120, "1", 100'000);
    });
    CHECK(verify(store.disk, kStore, nullptr).damage == Strings{});
    CHECK(store.get("k") == "(none)");
    const Reader reader{store.disk, kStore};
    CHECK_FALSE(
        reader.scan({.prefix = "k", .from = {}, .to = {}, .limit = {}}, Visit::keys_only)->next());
}

TEST_CASE("no power cut takes new logs whose manifest is not synced, once old logs are gone") {
    for (std::uint64_t step = 0;; ++step) {
        CAPTURE(step);
        HandmadeStore store;
        {
            Writer writer{store.disk, kStore, with_hints(1000)};
            writer.put("a", "A");
            for (int i = 0; i < 40; ++i) {
                writer.put("x", "0123456789");
            }
            writer.put("b", "B");
            writer.commit();
        }
        FaultyEnvironment faulty{store.disk, {.fault = Fault::crash, .step = step}};
        Meanwhile meanwhile{once([&store] {
            WriterOptions unsynced = with_hints(1000);
            unsynced.durability = Durability::unsynced;
            Writer{store.disk, kStore, unsynced}.put("not committed", "1");
            {
                Writer writer{store.disk, kStore, unsynced};
                writer.put("u", "1");
                writer.commit();
            }
            store.put("s", "1");  // synced, and publishes nothing
        })};
        CompactionOptions options;
        options.progress = &meanwhile;
        try {
            store::compact(faulty, kStore, {}, options);
        } catch (const Crash&) {
        }
        for (const PowerCut& cut : all_power_cuts(step * 100)) {
            CAPTURE(describe(cut));
            MemoryEnvironment disk = store.disk.after_power_cut(cut);
            const Contents found = contents(disk, kStore);
            REQUIRE(found.contains("a"));
            REQUIRE(found.contains("x"));
            REQUIRE(found.contains("b"));
        }
        if (!faulty.tripped()) {
            REQUIRE(step > 10);
            break;
        }
    }
}

TEST_CASE("a removed key stays removed where another log has the number of the active one") {
    HandmadeStore store;
    store.file("3.log", make_record("k", "", 20) + make_record("g", "1", 1))
        .file("5.log", make_record("k", "old", 10) + make_record("g", "2", 11))
        .file("5.active.log", make_record("new", std::string(100, 'n'), 30));
    const Contents before = store.contents();
    for (int i = 0; i < 2; ++i) {
        compact_once(store, with_hints(1000), 0, [] {});
        CHECK(store.contents() == before);
        lose_hints(store);
        CHECK(store.contents() == before);
    }
}

TEST_CASE("a log's name is not used again while a manifest knows it") {
    HandmadeStore store;
    std::string log;
    for (int i = 10; i < 40; ++i) {
        log += make_record("a" + std::to_string(i), std::string(30, 'v'), 1);
    }
    store.file("5.log", log + make_record("g", "1", 1))
        .file("6.log", make_record("g", "2", 2) + make_record("h", "1", 2))
        .file("9.active.log", make_record("z", "1", 3));
    compact_once(store, with_hints(500), 0, [] {});
    {
        Writer writer{store.disk, kStore, with_hints(100'000)};
        writer.put("a10", "n");
        for (int i = 30; i < 40; ++i) {
            writer.put("a" + std::to_string(i), "n");
        }
        writer.put("h", "n");
        writer.commit();
    }
    compact_once(store, with_hints(500), 30, [] {});
    compact_once(store, with_hints(500), 0, [] {});
    const auto manifest =
        store::read_manifest(store.disk, *store.folder, store::ManifestPart::whole);
    REQUIRE(manifest);
    CHECK(store::knows_logs(*manifest, store::list_store(*store.folder).logs));
}

TEST_CASE("what is put after the manifest was lost in a compaction is newer than what that knew") {
    HandmadeStore store;
    {
        Writer writer{store.disk, kStore, with_hints(300)};
        for (int i = 0; i < 40; ++i) {
            writer.put("x", "0123456789");
        }
        writer.put("k", "old");
        writer.commit();
    }
    compact_once(store, with_hints(300), 0, [&store] {
        store.folder->remove("0.manifest");
        Writer writer{store.disk, kStore, with_hints(300)};
        writer.put("k", "new");  // in the same log and millisecond
        for (int i = 0; i < 40; ++i) {
            writer.put("y", "0123456789");
        }
        writer.commit();
    });
    CHECK(store.get("k") == "new");
    put_many(store, "y", 40, "0123456789", 300);
    compact_once(store, with_hints(300), 0, [] {});
    lose_hints(store);
    CHECK(store.get("k") == "new");
}

// A store and a map that are told the same, also while compactions are at work.
class BusyStore {
public:
    explicit BusyStore(std::uint64_t seed) : chance_{seed} {}

    void step() {
        switch (below(60)) {
            case 0: compact(); break;
            case 1: lose_derived_files(); break;
            case 2: jump(); break;
            case 3:
                store_.disk = store_.disk.after_kill();
                reopen();
                break;
            default: change(); break;
        }
    }

    void check() {
        change();  // puts right what has been lost
        CHECK(store_.contents() == expected_);
        REQUIRE(verify(store_.disk, kStore, nullptr).damage == Strings{});
        const Reader reader{store_.disk, kStore};
        REQUIRE(reader.count({}) == expected_.size());
        REQUIRE(reader.statistics().keys == expected_.size());
    }

private:
    std::uint64_t below(std::uint64_t limit) { return chance_() % limit; }

    void reopen() { store_.folder = store_.disk.open_folder(kStore); }

    void change() {
        const std::string key = "key" + std::to_string(below(25));
        WriterOptions options = small_logs(below(3) * 100);
        options.durability = below(5) == 0 ? Durability::unsynced : Durability::synced;
        Writer writer{store_.disk, kStore, options};
        if (below(3) == 0) {
            REQUIRE(writer.remove(key) == (expected_.erase(key) == 1));
        } else {
            expected_[key] = std::string(1 + below(40), static_cast<char>('a' + below(26)));
            writer.put(key, expected_[key]);
        }
        writer.commit();
        if (below(4) == 0) {
            store_.disk.sleep(std::chrono::milliseconds{1});
        }
    }

    void compact() {
        if (expected_.empty()) {
            change();
        }
        Meanwhile meanwhile{[this] {
            switch (below(10)) {
                case 0: change(); break;
                case 1: (void)Reader{store_.disk, kStore}.count({}); break;
                case 2:
                    if (below(20) == 0) {
                        lose_derived_files();
                    }
                    break;
                default: break;
            }
        }};
        CompactionOptions options;
        options.min_garbage_percent = static_cast<double>(below(4) * 30);
        options.progress = &meanwhile;
        const std::uint64_t stop = below(4) == 0 ? below(10) : UINT64_MAX;
        std::uint64_t asked = 0;
        options.should_stop = [&] { return asked++ >= stop; };
        Writer{store_.disk, kStore, small_logs()}.compact(options);
        REQUIRE(store_.contents() == expected_);
    }

    void lose_derived_files() {
        const bool all = below(2) == 0;
        for (const std::string& file : store_.files()) {
            if (file.ends_with(".hint") || (all && file == "0.manifest")) {
                store_.folder->remove(file);
            }
        }
    }

    void jump() {
        constexpr std::uint64_t kHour = 3'600'000;
        store_.disk.set_clock(store_.disk.now_milliseconds() - kHour + below(2 * kHour));
    }

    std::mt19937_64 chance_;
    HandmadeStore store_;
    Contents expected_;
};

void live_through(std::uint64_t seed) {
    CAPTURE(seed);
    BusyStore store{seed};
    for (int step = 0; step < 10'000; ++step) {
        CAPTURE(step);
        store.step();
        if (step % 50 == 49) {
            store.check();
        }
    }
}

// Four tests, to be run side by side.
TEST_CASE("a store in use is as a map, compacted in part or as a whole at any time") {
    live_through(GENERATE(range(1U, 6U)));
}
TEST_CASE("a store in use is as a map, compacted at any time, seeds 6 to 10") {
    live_through(GENERATE(range(6U, 11U)));
}
TEST_CASE("a store in use is as a map, compacted at any time, seeds 11 to 15") {
    live_through(GENERATE(range(11U, 16U)));
}
TEST_CASE("a store in use is as a map, compacted at any time, seeds 16 to 20") {
    live_through(GENERATE(range(16U, 21U)));
}

}  // namespace
}  // namespace bitask::test
