#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/verify.hpp"
#include "bitask/writer.hpp"
#include "io/environment.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/memory_environment.hpp"
#include "support/store_contents.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>

// tests/golden/store-0.2.0 holds one file of every kind that this version writes: a sealed log, a
// rewritten one, a tombstones log and a temporary one as a killed compaction leaves them, an
// active log, and the lock file with its note. tests/golden/hinted-store-0.2.0 holds hints and
// their manifest; compacted-store-0.2.0 what a compaction with hints leaves, and by-key-store-0.2.0
// the same since it leaves records in the order of their keys. The files never change. A new
// version of the format gets golden stores of its own beside them.

namespace bitask::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStore = "/kv";

std::string bytes_of_file(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    REQUIRE(file);
    return {std::istreambuf_iterator<char>{file}, {}};
}

void add_file(io::Environment& environment, std::string_view name, std::string_view bytes) {
    environment.open_folder(kStore)->create(name)->write(
        0, std::as_bytes(std::span{bytes.data(), bytes.size()}));
}

WriterOptions small_logs() {
    WriterOptions options;
    options.max_log_size = 150;
    return options;
}

bool has_tombstones_log(io::Environment& environment) {
    const auto names = file_names(environment, kStore);
    return std::ranges::any_of(
        names, [](const std::string& name) { return name.ends_with(".tombstones.log"); });
}

// A compaction that is killed when only its tombstones log is left to be removed.
MemoryEnvironment compacted_but_for_tombstones(MemoryEnvironment& environment) {
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = environment.after_kill();
        FaultyEnvironment faulty{disk, {.fault = Fault::crash, .step = step}};
        try {
            Writer writer{faulty, kStore, small_logs()};
            writer.compact({});
        } catch (const Crash&) {
        }
        const auto logs = log_names(disk, kStore);
        const bool inputs_gone = std::ranges::none_of(
            logs, [](const std::string& name) { return name.ends_with("0.log"); });
        if (has_tombstones_log(disk) && inputs_gone) {
            return disk.after_kill();
        }
        REQUIRE(faulty.tripped());
    }
}

// The same steps, by a clock that is told the time, leave the same bytes.
MemoryEnvironment write_compacted_store() {
    MemoryEnvironment environment;
    environment.set_clock(1'700'000'000'000);
    {
        Writer writer{environment, kStore, small_logs()};
        writer.put("foo", "bar");
        writer.put("to be removed", std::string(60, 'r'));
        writer.put(std::string_view{"bin\0\n\t\xFF", 7}, std::string_view{"\0\x01\xFE", 3});
        writer.put("to be changed", "old");
        environment.set_clock(1'700'000'000'005);
        writer.put("to be changed", "new");
        writer.remove("to be removed");
        writer.commit();
    }
    environment.set_clock(1'700'000'100'000);
    MemoryEnvironment compacted = compacted_but_for_tombstones(environment);
    {
        Writer writer{compacted, kStore, small_logs()};
        for (const char* key : {"a", "b", "c", "d", "e"}) {
            writer.put(key, std::string(20, *key));
        }
        compacted.set_clock(1'600'000'000'000);  // backwards: timestamps must not follow
        writer.put("last", "one");
        writer.commit();
    }
    add_file(compacted, "1700000000000.7.tmp", "left behind");
    return compacted;
}

Contents golden_contents() {
    return {{"a", std::string(20, 'a')},
            {"b", std::string(20, 'b')},
            {"c", std::string(20, 'c')},
            {"d", std::string(20, 'd')},
            {"e", std::string(20, 'e')},
            {std::string{"bin\0\n\t\xFF", 7}, std::string{"\0\x01\xFE", 3}},
            {"foo", "bar"},
            {"last", "one"},
            {"to be changed", "new"}};
}

std::string hinted_key(int number) {
    return "key" + std::to_string(1000 + number) + std::string(30, 'k');
}

// Two hints, one of them of two levels, tombstones in the newer one, and a tail behind them.
MemoryEnvironment write_hinted_store() {
    MemoryEnvironment environment;
    environment.set_clock(1'700'000'000'000);
    WriterOptions options;
    options.max_log_size = 12'000;
    options.max_tail = 100;
    {
        Writer writer{environment, kStore, options};
        for (int i = 0; i < 300; ++i) {
            writer.put(hinted_key(i), std::to_string(i));
        }
        writer.commit();
    }
    environment.set_clock(1'700'000'100'000);
    {
        Writer writer{environment, kStore, options};
        for (int i = 0; i < 300; i += 100) {
            writer.remove(hinted_key(i));
        }
        writer.commit();
    }
    Writer writer{environment, kStore, options};
    writer.put(hinted_key(7), "new");
    writer.commit();
    return environment;
}

Contents hinted_contents() {
    Contents contents;
    for (int i = 0; i < 300; ++i) {
        contents[hinted_key(i)] = i == 7 ? "new" : std::to_string(i);
    }
    for (int i = 0; i < 300; i += 100) {
        contents.erase(hinted_key(i));
    }
    return contents;
}

struct GoldenStore {
    const char* name;
    MemoryEnvironment (*write)();  // null: an earlier version did
    Contents (*contents)();

    [[nodiscard]] fs::path folder() const { return fs::path{BITASK_GOLDEN_DIR} / name; }

    [[nodiscard]] std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> files;
        for (const auto& entry : fs::directory_iterator{folder()}) {
            files[entry.path().filename().string()] = bytes_of_file(entry.path());
        }
        return files;
    }

    [[nodiscard]] MemoryEnvironment on_a_disk() const {
        MemoryEnvironment environment;
        environment.make_folder(kStore);
        for (const auto& [file, bytes] : files()) {
            add_file(environment, file, bytes);
        }
        return environment;
    }
};

constexpr GoldenStore kPlain{"store-0.2.0", nullptr, golden_contents};
constexpr GoldenStore kCompacted{"compacted-store-0.2.0", nullptr, golden_contents};
constexpr GoldenStore kByKey{"by-key-store-0.2.0", write_compacted_store, golden_contents};
constexpr GoldenStore kHinted{"hinted-store-0.2.0", write_hinted_store, hinted_contents};

TEST_CASE("this version writes the golden stores byte for byte") {
    for (const GoldenStore& golden : {kByKey, kHinted}) {
        MemoryEnvironment environment = golden.write();
        std::vector<std::string> names;
        for (const auto& [name, bytes] : golden.files()) {
            CAPTURE(golden.name, name);
            names.push_back(name);
            CHECK(bytes_of(environment, kStore, name) == bytes);
        }
        CHECK(file_names(environment, kStore) == names);
    }
}

TEST_CASE("the golden stores have a file of every kind") {
    const auto has = [](const GoldenStore& golden, const char* ending) {
        return std::ranges::any_of(
            golden.files(), [ending](const auto& file) { return file.first.ends_with(ending); });
    };
    for (const char* ending : {".active.log", ".1.log", ".tombstones.log", ".tmp", "db.lock"}) {
        CAPTURE(ending);
        CHECK(has(kPlain, ending));
    }
    for (const char* ending : {"0.manifest", "1.hint", "2.hint"}) {
        CAPTURE(ending);
        CHECK(has(kHinted, ending));
    }
}

TEST_CASE("the golden stores are read as they were meant") {
    for (const GoldenStore& golden : {kPlain, kCompacted, kByKey, kHinted}) {
        CAPTURE(golden.name);
        MemoryEnvironment environment = golden.on_a_disk();
        CHECK(contents(environment, kStore) == golden.contents());
        CHECK(damage(environment, kStore).empty());
        CHECK(verify(environment, kStore, nullptr).damage.empty());
    }
}

TEST_CASE("the golden hints are taken for what they are") {
    MemoryEnvironment environment = kHinted.on_a_disk();
    CHECK(Reader{environment, kStore}.statistics().hints == 2);
    CHECK(Reader{environment, kStore}.statistics().keys == 297);
}

// Hidden: run once, with the variable set, for a new version of the format, never for an old one.
TEST_CASE("write the golden stores anew", "[.]") {
    if (std::getenv("BITASK_WRITE_GOLDEN_STORES") == nullptr) {  // NOLINT(concurrency-mt-unsafe)
        return;
    }
    for (const GoldenStore& golden : {kByKey, kHinted}) {
        fs::create_directories(golden.folder());
        MemoryEnvironment environment = golden.write();
        for (const std::string& name : file_names(environment, kStore)) {
            std::ofstream{golden.folder() / name, std::ios::binary}
                << bytes_of(environment, kStore, name);
        }
    }
}

}  // namespace
}  // namespace bitask::test
