#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/memory_environment.hpp"
#include "support/store_contents.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

// What a power cut may take, and what it may not.
namespace bitask::test {

namespace {

constexpr const char* kStore = "/var/kv";
constexpr std::uint64_t kMaxLogSize = 300;

// With a tail of 0 every command leaves hints behind; with the other one, seldom.
constexpr std::array<std::uint64_t, 2> kTails{kDefaultMaxTail, 0};

WriterOptions writer_options(Durability durability = Durability::synced,
                             std::uint64_t max_log_size = kMaxLogSize,
                             std::uint64_t max_tail = kDefaultMaxTail) {
    WriterOptions options;
    options.max_log_size = max_log_size;
    options.max_tail = max_tail;
    options.durability = durability;
    return options;
}

void put(MemoryEnvironment& disk, const std::string& key, const std::string& value,
         Durability durability = Durability::synced) {
    Writer writer{disk, kStore, writer_options(durability)};
    writer.put(key, value);
    writer.commit();
}

void require_contents(MemoryEnvironment& disk, const Contents& expected) {
    const Contents found = contents(disk, kStore);
    CAPTURE(difference(found, expected));
    REQUIRE(found == expected);
    REQUIRE(damage(disk, kStore) == std::vector<std::string>{});
}

void require_safe(const MemoryEnvironment& disk, const Contents& expected) {
    for (const PowerCut& cut : all_power_cuts(expected.size())) {
        CAPTURE(describe(cut));
        MemoryEnvironment world = disk.after_power_cut(cut);
        require_contents(world, expected);
    }
}

}  // namespace

TEST_CASE("the first put survives a power cut, whoever has made the folder") {
    const bool made_by_a_shell = GENERATE(false, true);
    CAPTURE(made_by_a_shell);
    MemoryEnvironment disk;
    if (made_by_a_shell) {
        disk.make_folder("/var");
        disk.sync_path("/var");
        disk.make_folder(kStore);
    }
    put(disk, "k", "v");
    require_safe(disk, {{"k", "v"}});
}

TEST_CASE("all that was committed survives a power cut while the writer is still at work") {
    MemoryEnvironment disk;
    Contents expected;
    Writer writer{disk, kStore, writer_options()};
    for (int i = 0; i < 40; ++i) {
        const std::string key = "key" + std::to_string(i % 15);
        if (i % 7 == 3 && expected.contains(key)) {
            CHECK(writer.remove(key));
            expected.erase(key);
        } else {
            const std::string value(static_cast<std::size_t>(20 + i), 'v');
            writer.put(key, value);
            expected[key] = value;
        }
        writer.commit();
        CAPTURE(i);
        require_safe(disk, expected);
        if (i % 13 == 12) {
            writer.compact({});
            require_safe(disk, expected);
        }
    }
    CHECK(log_names(disk, kStore).size() > 2);
}

TEST_CASE("a synced put into a store that an unsynced writer has made keeps both safe") {
    MemoryEnvironment disk;
    disk.make_folder("/var");
    disk.make_folder(kStore);
    disk.sync_path("/var");
    put(disk, "first", "unsynced", Durability::unsynced);
    require_contents(disk, {{"first", "unsynced"}});
    put(disk, "second", "synced");
    require_safe(disk, {{"first", "unsynced"}, {"second", "synced"}});
}

TEST_CASE("a power cut takes unsynced changes from the end, and the store stays good") {
    const std::uint64_t max_tail = GENERATE(from_range(kTails));
    CAPTURE(max_tail);
    MemoryEnvironment disk;
    const WriterOptions one_log =
        writer_options(Durability::unsynced, kDefaultMaxLogSize, max_tail);
    put(disk, "safe", "before");
    std::vector<Contents> history{{{"safe", "before"}}};
    for (int i = 0; i < 10; ++i) {
        Writer writer{disk, kStore, one_log};
        const std::string key = "key" + std::to_string(i);
        writer.put(key, "value");
        writer.commit();
        history.push_back(history.back());
        history.back()[key] = "value";
    }
    for (const PowerCut& cut : all_power_cuts(1)) {
        CAPTURE(describe(cut));
        MemoryEnvironment world = disk.after_power_cut(cut);
        Contents found = contents(world, kStore);
        REQUIRE(std::ranges::count(history, found) == 1);
        REQUIRE(damage(world, kStore) == std::vector<std::string>{});
        REQUIRE(Reader{world, kStore}.count({}) == found.size());
        put(world, "after", "all");
        found["after"] = "all";
        require_safe(world, found);
    }
}

TEST_CASE("hints that an unsynced writer leaves count until the power is cut, and then no more") {
    MemoryEnvironment disk;
    const WriterOptions options = writer_options(Durability::unsynced, kMaxLogSize, 0);
    Contents expected;
    for (int i = 0; i < 30; ++i) {
        Writer writer{disk, kStore, options};
        expected["key" + std::to_string(i % 20)] = std::to_string(i);
        writer.put("key" + std::to_string(i % 20), std::to_string(i));
        writer.commit();
    }
    MemoryEnvironment killed = disk.after_kill();
    CHECK(Reader{killed, kStore}.statistics().hints > 1);
    require_contents(killed, expected);

    MemoryEnvironment cut = disk.after_power_cut({Names::early, Bytes::all});
    CHECK(Reader{cut, kStore}.statistics().hints == 0);
    require_contents(cut, expected);
    put(cut, "key1", "anew");
    expected["key1"] = "anew";
    require_safe(cut, expected);

    SECTION("a synced writer makes them good for ever") {
        WriterOptions synced = options;
        synced.durability = Durability::synced;
        Writer writer{disk, kStore, synced};
        writer.put("key1", "anew");
        writer.commit();
        MemoryEnvironment world = disk.after_power_cut({Names::late, Bytes::none});
        CHECK(Reader{world, kStore}.statistics().hints > 1);
        require_contents(world, expected);
    }
}

TEST_CASE("hints of a synced writer speak of nothing that a killed one has left unsynced") {
    MemoryEnvironment disk;
    put(disk, "safe", "before");
    {
        // As a killed writer leaves it: whole records behind the note, none of them synced.
        const std::string log = active_log(disk, kStore);
        const std::string bytes = bytes_of(disk, kStore, log);
        const std::string record = make_record("left behind", "v", disk.now_milliseconds());
        const auto file = disk.open_folder(kStore)->open(log, io::Access::read_write);
        file->write(bytes.size(), std::as_bytes(std::span{record}));
    }
    {
        Writer writer{disk, kStore, writer_options(Durability::synced, kMaxLogSize, 0)};
        CHECK_FALSE(writer.remove("no such key"));
        writer.commit();
    }
    CHECK(Reader{disk, kStore}.statistics().hints == 1);
    require_safe(disk, {{"safe", "before"}, {"left behind", "v"}});
}

TEST_CASE("a synced put is safe whatever a power cut does to unsynced logs before it") {
    const std::uint64_t max_tail = GENERATE(from_range(kTails));
    CAPTURE(max_tail);
    MemoryEnvironment disk;
    put(disk, "safe", "before");
    {
        Writer writer{disk, kStore, writer_options(Durability::unsynced, kMaxLogSize, max_tail)};
        for (int i = 0; i < 40; ++i) {
            writer.put("key" + std::to_string(i), "value");
        }
        writer.commit();
    }
    put(disk, "last", "synced");
    REQUIRE(log_names(disk, kStore).size() > 3);
    for (const PowerCut& cut : all_power_cuts(3)) {
        CAPTURE(describe(cut));
        MemoryEnvironment world = disk.after_power_cut(cut);
        const Contents found = contents(world, kStore);
        REQUIRE(found.contains("last"));
        REQUIRE(found.contains("safe"));
        for (const auto& [key, value] : found) {
            CAPTURE(key);
            REQUIRE(value == (key == "last" ? "synced" : key == "safe" ? "before" : "value"));
        }
        const Reader reader{world, kStore};
        REQUIRE(reader.get("last").doubt.empty());
    }
}

TEST_CASE("a compaction removes nothing that unsynced records alone would replace") {
    constexpr int kKeys = 12;
    MemoryEnvironment prepared;
    for (const std::string value : {"old", "new"}) {
        const bool old = value == "old";
        Writer writer{prepared, kStore,
                      writer_options(old ? Durability::synced : Durability::unsynced)};
        for (int i = 0; i < kKeys; ++i) {
            writer.put("key" + std::to_string(i), value);
        }
        writer.commit();
    }
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.after_kill();
        FaultyEnvironment faulty{disk, {.step = step}};
        try {
            Writer{faulty, kStore, writer_options()}.compact({});
        } catch (const Crash&) {
        }
        CAPTURE(step, faulty.where());
        for (const PowerCut& cut : all_power_cuts(step)) {
            CAPTURE(describe(cut));
            MemoryEnvironment world = disk.after_power_cut(cut);
            const Contents found = contents(world, kStore);
            for (int i = 0; i < kKeys; ++i) {
                const std::string key = "key" + std::to_string(i);
                CAPTURE(key);
                REQUIRE(found.contains(key));
                REQUIRE((found.at(key) == "new" || (faulty.tripped() && found.at(key) == "old")));
            }
        }
        if (!faulty.tripped()) {
            REQUIRE(step > 5);
            break;
        }
    }
}

TEST_CASE("a power cut at a moment when nothing is unsynced changes nothing at all") {
    MemoryEnvironment disk;
    for (int i = 0; i < 30; ++i) {
        put(disk, "key" + std::to_string(i % 10), std::string(30, 'v'));
    }
    Writer{disk, kStore, writer_options()}.compact({});
    for (const PowerCut& cut : all_power_cuts(2)) {
        CAPTURE(describe(cut));
        MemoryEnvironment world = disk.after_power_cut(cut);
        REQUIRE(log_names(world, kStore) == log_names(disk, kStore));
        for (const std::string& log : log_names(disk, kStore)) {
            REQUIRE(bytes_of(world, kStore, log) == bytes_of(disk, kStore, log));
        }
    }
}

namespace {

// A store and a map that are told the same things, by chance.
class RandomLife {
public:
    explicit RandomLife(std::uint64_t seed) : chance_{seed} {
        reopen();
        writer_->put("key0", "first");
        writer_->commit();
        expected_["key0"] = "first";
    }

    void step() {
        switch (below(40)) {
            case 0: compact(); break;
            case 1: reopen(); break;
            case 2: jump(); break;
            case 3: cut_power(); break;
            case 4: lose_lock_file(); break;
            case 5: batch(); break;
            default:
                change();
                writer_->commit();
                break;
        }
    }

    // Both ways in: the whole, and single keys.
    void check() {
        require_contents(disk_, expected_);
        const Reader reader{disk_, kStore};
        for (int i = 0; i < kKeys; ++i) {
            const std::string key = "key" + std::to_string(i);
            CAPTURE(key);
            const Answer answer = reader.get(key);
            REQUIRE(answer.doubt.empty());
            REQUIRE((answer.value != nullptr) == expected_.contains(key));
        }
    }

private:
    static constexpr int kKeys = 40;

    std::uint64_t below(std::uint64_t limit) { return chance_() % limit; }

    void reopen() {
        writer_.reset();
        writer_ = std::make_unique<Writer>(
            disk_, kStore, writer_options(Durability::synced, kMaxLogSize, kTails[below(2)]));
    }

    void change() {
        const std::string key = "key" + std::to_string(below(kKeys));
        if (below(4) == 0) {
            REQUIRE(writer_->remove(key) == (expected_.erase(key) == 1));
        } else {
            const std::string value(1 + below(60), static_cast<char>('a' + below(26)));
            writer_->put(key, value);
            expected_[key] = value;
        }
        if (below(3) == 0) {
            disk_.sleep(std::chrono::milliseconds{1});
        }
    }

    void batch() {
        for (std::uint64_t i = below(30); i > 0; --i) {
            change();
        }
        writer_->commit();
    }

    void compact() {
        static constexpr std::array kPercents{0.0, 30.0, 60.0, 90.0};
        CompactionOptions options;
        options.min_garbage_percent = kPercents[below(kPercents.size())];
        options.if_garbage_percent = kPercents[below(2)];
        writer_->compact(options);
    }

    // An hour at the most, in either direction.
    void jump() {
        constexpr std::uint64_t kHour = 3'600'000;
        disk_.set_clock(disk_.now_milliseconds() - kHour + below(2 * kHour));
    }

    void cut_power() {
        writer_.reset();
        const PowerCut cut{Names::any, Bytes::any, chance_()};
        disk_ = disk_.after_power_cut(cut);
        check();
        reopen();
    }

    void lose_lock_file() {
        writer_.reset();
        remove_file(disk_, kStore, "db.lock");
        check();
        reopen();
    }

    std::mt19937_64 chance_;
    MemoryEnvironment disk_;
    std::unique_ptr<Writer> writer_;
    Contents expected_;
};

}  // namespace

TEST_CASE("through a long life of changes, power cuts and clock jumps a store is as a map") {
    const std::uint64_t seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U);
    CAPTURE(seed);
    RandomLife life{seed};
    for (int step = 0; step < 2000; ++step) {
        CAPTURE(step);
        life.step();
        if (step % 10 == 9) {
            life.check();
        }
    }
}

}  // namespace bitask::test
