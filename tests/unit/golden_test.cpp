#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "io/environment.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/memory_environment.hpp"
#include "support/store_contents.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>

// tests/golden/store-0.2.0 holds one file of every kind that this version writes: a sealed log, a
// rewritten one, a tombstones log and a temporary one as a killed compaction leaves them, an
// active log, and the lock file with its note. The files never change. A new version of the
// format gets a golden store of its own beside them.

namespace bitask::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStore = "/kv";

const fs::path& golden_folder() {
    static const fs::path kFolder = fs::path{BITASK_GOLDEN_DIR} / "store-0.2.0";
    return kFolder;
}

std::string bytes_of_file(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    REQUIRE(file);
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::map<std::string, std::string> golden_files() {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator{golden_folder()}) {
        files[entry.path().filename().string()] = bytes_of_file(entry.path());
    }
    return files;
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
MemoryEnvironment write_golden_store() {
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

TEST_CASE("this version writes the golden store byte for byte") {
    MemoryEnvironment environment = write_golden_store();
    const auto golden = golden_files();
    std::vector<std::string> names;
    for (const auto& [name, bytes] : golden) {
        CAPTURE(name);
        names.push_back(name);
        CHECK(bytes_of(environment, kStore, name) == bytes);
    }
    CHECK(file_names(environment, kStore) == names);
}

TEST_CASE("the golden store has a file of every kind") {
    const auto golden = golden_files();
    for (const char* ending : {".active.log", ".1.log", ".tombstones.log", ".tmp", "db.lock"}) {
        CAPTURE(ending);
        CHECK(std::ranges::any_of(
            golden, [ending](const auto& file) { return file.first.ends_with(ending); }));
    }
}

TEST_CASE("the golden store is read as it was meant") {
    MemoryEnvironment environment;
    environment.make_folder(kStore);
    for (const auto& [name, bytes] : golden_files()) {
        add_file(environment, name, bytes);
    }
    CHECK(contents(environment, kStore) == golden_contents());
    CHECK(damage(environment, kStore).empty());
}

// Hidden: run by name once for a new version of the format, never for an old one.
TEST_CASE("write the golden store anew", "[.]") {
    fs::create_directories(golden_folder());
    MemoryEnvironment environment = write_golden_store();
    for (const std::string& name : file_names(environment, kStore)) {
        std::ofstream{golden_folder() / name, std::ios::binary}
            << bytes_of(environment, kStore, name);
    }
}

}  // namespace
}  // namespace bitask::test
