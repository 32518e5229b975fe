// Measures the core of bitask beside other embedded stores, in one process and one thread of ours.
//
// usage: bitask_bench_engines KEYS FOLDER [--benchmark_...]
//
// KEYS is how many records a store has; FOLDER, where stores are made, must not be there yet and is
// removed at the end. Further options are those of Google Benchmark. Each measure goes once through
// all records and counts operations a second of wall time. Every answer is checked; a wrong one is
// an error, and the status is 1 then.
//
// What makes the figures comparable, and what does not:
// - No engine syncs. What has been written has left the process when the measure ends, but work
//   that engines have put off until later (compactions of LevelDB and RocksDB) is not counted.
// - Stores that are read or overwritten were filled like the others and then settled, which is
//   where LevelDB and RocksDB compact. All that is read is in memory: each store is scanned before.
// - What the file system still has to write from the measure before is written between two of them.
// - Every get copies the value to a string, and the string is compared. Every scan goes through all
//   bytes of keys and values.
// - LevelDB and RocksDB have threads of their own beside ours.
// - How each engine is set up, and whether it checks what it reads, stands with it.
#include "bench/engines/engine.hpp"
#include "bench/records.hpp"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bitask::bench {
namespace {

constexpr std::array kEngines{
    EngineKind{.name = "bitask", .ordered = true, .open = open_bitask},
    EngineKind{.name = "LevelDB", .ordered = true, .open = open_leveldb},
    EngineKind{.name = "RocksDB", .ordered = true, .open = open_rocksdb},
    EngineKind{.name = "LMDB", .ordered = true, .open = open_lmdb},
    EngineKind{.name = "tkrzw hash", .ordered = false, .open = open_tkrzw_hash},
    EngineKind{.name = "tkrzw tree", .ordered = true, .open = open_tkrzw_tree},
};

void expect(bool condition, const char* what) {
    if (!condition) {
        throw std::runtime_error{what};
    }
}

// Sensitive to each byte and its place.
std::uint64_t digest(std::string_view bytes, std::uint64_t state) {
    for (; bytes.size() >= sizeof state; bytes.remove_prefix(sizeof state)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        state = std::rotl(state, 7) ^ word;
    }
    for (const char byte : bytes) {
        state = std::rotl(state, 7) ^ static_cast<unsigned char>(byte);
    }
    return state * 0x9E3779B97F4A7C15;
}

std::uint64_t digest_of_pair(std::string_view key, std::string_view value) {
    return digest(value, digest(key, 1));
}

enum class Order { loaded, shuffled, shuffled_anew };
enum class Values { first, second };

// All pairs, one behind the other in the order in which they are used: what a measure itself takes
// from memory comes from where the processor expects it.
class Pairs {
public:
    Pairs(std::uint64_t count, Order order, Values values) : count_{count} {
        std::vector<std::uint64_t> places(count);
        std::iota(places.begin(), places.end(), std::uint64_t{0});
        if (order != Order::loaded) {
            std::shuffle(places.begin(), places.end(),
                         std::mt19937_64{order == Order::shuffled ? 1U : 2U});
        }
        bytes_.reserve(count * kPairSize);
        Records records{count};
        for (const std::uint64_t place : places) {
            records.take(place);
            bytes_ += records.key();
            const std::string_view value = records.value();
            const std::size_t middle = values == Values::first ? 0 : value.size() / 2;
            bytes_ += value.substr(middle);
            bytes_ += value.substr(0, middle);
        }
    }

    // Makes them keys that no store has, each in the midst of those that it has: the last digit of
    // a key is never a letter.
    void lose() {
        for (std::uint64_t i = 0; i < count_; ++i) {
            char& last = bytes_[i * kPairSize + Records::kKeySize - 1];
            last = static_cast<char>('a' + (last - '0') % 6);
        }
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] std::string_view key(std::uint64_t i) const {
        return std::string_view{bytes_}.substr(i * kPairSize, Records::kKeySize);
    }
    [[nodiscard]] std::string_view value(std::uint64_t i) const {
        return std::string_view{bytes_}.substr(i * kPairSize + Records::kKeySize,
                                               Records::kValueSize);
    }
    [[nodiscard]] std::uint64_t digest_of_all() const {
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < count_; ++i) {
            sum += digest_of_pair(key(i), value(i));
        }
        return sum;
    }

private:
    static constexpr std::size_t kPairSize = Records::kKeySize + Records::kValueSize;

    std::uint64_t count_;
    std::string bytes_;
};

void put_all(Engine& engine, const Pairs& pairs) {
    for (std::uint64_t i = 0; i < pairs.count(); ++i) {
        engine.put(pairs.key(i), pairs.value(i));
    }
    engine.commit();
}

void get_all(Engine& engine, const Pairs& pairs) {
    std::string value;
    for (std::uint64_t i = 0; i < pairs.count(); ++i) {
        expect(engine.get(pairs.key(i), value), "a key is missing");
        expect(value == pairs.value(i), "a wrong value");
    }
}

void miss_all(Engine& engine, const Pairs& lost) {
    std::string value;
    for (std::uint64_t i = 0; i < lost.count(); ++i) {
        expect(!engine.get(lost.key(i), value), "a key that was never put");
    }
}

// The sum of all digests is another one when a pair is missing, wrong, or there twice.
void scan_all(Engine& engine, bool ordered, std::uint64_t digest_of_all) {
    std::uint64_t sum = 0;
    std::string last;
    engine.scan([&](std::string_view key, std::string_view value) {
        if (ordered) {
            expect(last < key, "keys are not in their order");
            last = key;
        }
        sum += digest_of_pair(key, value);
    });
    expect(sum == digest_of_all, "a scan of other pairs");
}

class Stores {
public:
    Stores(std::filesystem::path folder, std::uint64_t records)
        : folder_{std::move(folder)}, records_{records} {
        expect(std::filesystem::create_directories(folder_), "the folder is there already");
    }
    ~Stores() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Stores(const Stores&) = delete;
    Stores& operator=(const Stores&) = delete;

    [[nodiscard]] std::uint64_t records() const noexcept { return records_; }

    // A store that is only read, filled when it is first asked for.
    [[nodiscard]] std::unique_ptr<Engine> filled(const EngineKind& kind) const {
        const auto folder = folder_ / "filled" / kind.name;
        if (!std::filesystem::exists(folder)) {
            fill(kind, folder);
        }
        return kind.open(folder, Access::read, records_);
    }

    // A store that may be written, emptied or filled anew.
    [[nodiscard]] std::filesystem::path empty(const EngineKind& kind) const {
        auto folder = folder_ / "written" / kind.name;
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        return folder;
    }
    void fill(const EngineKind& kind, const std::filesystem::path& folder) const {
        std::filesystem::create_directories(folder);
        const auto engine = kind.open(folder, Access::write, records_);
        put_all(*engine, Pairs{records_, Order::loaded, Values::first});
        engine->settle();
    }

    // Gives the disk all that is still to be written.
    void sync() const {
        const int descriptor = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        expect(descriptor >= 0 && ::syncfs(descriptor) == 0, "cannot sync the folder");
        ::close(descriptor);
    }

private:
    std::filesystem::path folder_;
    std::uint64_t records_;
};

// Each of these prepares, goes through its loop once, and looks at what has come of it.

void measure_fill(benchmark::State& state, const EngineKind& kind, const Stores& stores) {
    const auto folder = stores.empty(kind);
    const Pairs pairs{stores.records(), Order::loaded, Values::first};
    auto engine = kind.open(folder, Access::write, stores.records());
    stores.sync();
    for (auto _ : state) {
        put_all(*engine, pairs);
    }
    engine.reset();
    get_all(*kind.open(folder, Access::read, stores.records()), pairs);
    std::filesystem::remove_all(folder);
}

void measure_overwrite(benchmark::State& state, const EngineKind& kind, const Stores& stores) {
    const auto folder = stores.empty(kind);
    stores.fill(kind, folder);
    const Pairs pairs{stores.records(), Order::shuffled_anew, Values::second};
    auto engine = kind.open(folder, Access::write, stores.records());
    stores.sync();
    for (auto _ : state) {
        put_all(*engine, pairs);
    }
    engine.reset();
    get_all(*kind.open(folder, Access::read, stores.records()), pairs);
    std::filesystem::remove_all(folder);
}

void measure_read(benchmark::State& state, const EngineKind& kind, const Stores& stores) {
    const auto engine = stores.filled(kind);
    const Pairs pairs{stores.records(), Order::shuffled, Values::first};
    scan_all(*engine, kind.ordered, pairs.digest_of_all());
    stores.sync();
    for (auto _ : state) {
        get_all(*engine, pairs);
    }
}

void measure_missing(benchmark::State& state, const EngineKind& kind, const Stores& stores) {
    const auto engine = stores.filled(kind);
    Pairs pairs{stores.records(), Order::shuffled, Values::first};
    scan_all(*engine, kind.ordered, pairs.digest_of_all());
    pairs.lose();
    stores.sync();
    for (auto _ : state) {
        miss_all(*engine, pairs);
    }
}

void measure_scan(benchmark::State& state, const EngineKind& kind, const Stores& stores) {
    const auto engine = stores.filled(kind);
    const std::uint64_t digest_of_all =
        Pairs{stores.records(), Order::loaded, Values::first}.digest_of_all();
    scan_all(*engine, kind.ordered, digest_of_all);
    stores.sync();
    for (auto _ : state) {
        scan_all(*engine, kind.ordered, digest_of_all);
    }
    state.SetLabel(kind.ordered ? "" : "in its own order");
}

struct Measure {
    const char* name;
    void (*run)(benchmark::State& state, const EngineKind& kind, const Stores& stores);
};

constexpr std::array kMeasures{
    Measure{.name = "fill in random order", .run = measure_fill},
    Measure{.name = "get in random order", .run = measure_read},
    Measure{.name = "get of missing keys", .run = measure_missing},
    Measure{.name = "scan of keys and values", .run = measure_scan},
    Measure{.name = "overwrite in random order", .run = measure_overwrite},
};

// Google Benchmark ends with status 0 even when benchmarks have failed.
bool failed = false;

void run(benchmark::State& state, const Measure& measure, const EngineKind& kind,
         const Stores& stores) {
    try {
        measure.run(state, kind, stores);
        state.SetItemsProcessed(static_cast<std::int64_t>(stores.records()));
    } catch (const std::exception& error) {
        failed = true;
        state.SkipWithError(error.what());
    }
}

void register_all(const Stores& stores) {
    for (const Measure& measure : kMeasures) {
        for (const EngineKind& kind : kEngines) {
            const std::string name = std::string{measure.name} + "/" + kind.name;
            benchmark::RegisterBenchmark(
                name.c_str(), [&](benchmark::State& state) { run(state, measure, kind, stores); })
                ->Iterations(1)
                ->UseRealTime()
                ->Unit(benchmark::kMillisecond);
        }
    }
}

}  // namespace
}  // namespace bitask::bench

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    std::uint64_t records = 0;
    if (argc == 3) {
        const std::string_view number{argv[1]};
        std::from_chars(number.data(), number.data() + number.size(), records);
    }
    if (records == 0) {
        std::fputs("usage: bitask_bench_engines KEYS FOLDER [--benchmark_...]\n", stderr);
        return EXIT_FAILURE;
    }
    try {
        const bitask::bench::Stores stores{argv[2], records};
        bitask::bench::register_all(stores);
        benchmark::RunSpecifiedBenchmarks();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bitask_bench_engines: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return bitask::bench::failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
