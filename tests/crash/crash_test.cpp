#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/value.hpp"
#include "bitask/writer.hpp"
#include "store/write_session.hpp"
#include "support/catch.hpp"
#include "support/faulty_environment.hpp"
#include "support/memory_environment.hpp"
#include "support/store_contents.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// One command, stopped or failed at each of its steps in turn; then the store is opened again, in
// every world that this may have left behind.
namespace bitask::test {

namespace {

constexpr const char* kStore = "/kv";

// Writers leave hints behind seldom, as a rule, or all of them do.
enum class Hinting { seldom, always };

WriterOptions writer_options(Hinting hinting = Hinting::seldom,
                             Durability durability = Durability::synced) {
    WriterOptions options;
    options.max_log_size = 300;  // a dozen short records, so that logs rotate often
    options.max_tail = hinting == Hinting::always ? 0 : kDefaultMaxTail;
    options.durability = durability;
    return options;
}

std::string numbered(std::string_view name, int number) {
    return std::string{name} + std::to_string(number);
}

// A value that is never in memory as a whole.
class StreamedValue : public Value {
public:
    explicit StreamedValue(std::uint64_t pieces) : pieces_{pieces} {}

    std::uint64_t size() const override { return pieces_ * kPiece; }

    void copy_to(ByteSink& sink) const override {
        for (std::uint64_t i = 0; i < pieces_; ++i) {
            sink.write(piece(i));
        }
    }

    std::string text() const {
        std::string text;
        for (std::uint64_t i = 0; i < pieces_; ++i) {
            text += piece(i);
        }
        return text;
    }

private:
    static constexpr std::size_t kPiece = 40'000;

    static std::string piece(std::uint64_t number) {
        std::string bytes(kPiece, static_cast<char>('a' + number % 26));
        return bytes;
    }

    std::uint64_t pieces_;
};

// A value whose bytes cannot be read to the end.
class UnreadableValue : public Value {
public:
    std::uint64_t size() const override { return 100'000; }

    void copy_to(ByteSink& sink) const override {
        sink.write(std::string(60'000, 'x'));
        throw Error{ErrorKind::io, "read the value: Input/output error"};
    }
};

// A writer whose every change and every acknowledgement goes into the ledger, too.
class Session {
public:
    Session(io::Environment& environment, Ledger& ledger, const WriterOptions& options)
        : ledger_{ledger}, writer_{environment, kStore, options} {}

    void put(std::string_view key, std::string_view value) {
        ledger_.begin_put(key, value);
        writer_.put(key, value);
    }

    void put(std::string_view key, const StreamedValue& value) {
        ledger_.begin_put(key, value.text());
        writer_.put(key, value);
    }

    void remove(std::string_view key) {
        ledger_.begin_remove(key);
        writer_.remove(key);
    }

    void commit() {
        writer_.commit();
        ledger_.acknowledge();
    }

    void compact(const CompactionOptions& options = {}) { writer_.compact(options); }

private:
    Ledger& ledger_;
    Writer writer_;
};

struct Scenario {
    using Part = void (*)(io::Environment&, Ledger&, const WriterOptions&);

    const char* name;
    std::uint64_t least_steps;  // fewer mean that the test looks at the wrong thing
    Part prepare;
    Part operate;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
}

void no_store(io::Environment&, Ledger&, const WriterOptions&) {}

// A few keys in one active log.
void small_store(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.put("apple", "red");
    session.put("banana", "yellow");
    session.put("cherry", "dark");
    session.commit();
}

// Several logs with garbage in each: overwritten keys, removed ones, one that came back. The
// clock stands still most of the time, so that many records have equal timestamps.
void worn_store(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 12; ++i) {
            session.put(numbered("key", i), numbered("value", 100 * round + i));
        }
        environment.sleep(std::chrono::milliseconds{round});
        session.remove(numbered("key", round));
        session.remove(numbered("key", round + 5));
        session.commit();
    }
    session.put("key1", "came back");
    session.remove("key11");
    session.commit();
}

// As many hints as may be, where writers leave hints behind: the next writer merges them.
void hinted_store(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    for (int i = 0; i < 9; ++i) {
        Session session{environment, ledger, options};
        session.put(numbered("key", i % 7), numbered("value", i));
        session.commit();
    }
}

// More hints than writers leave, and nothing to rewrite: a compaction has but to merge them.
void many_hints(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    WriterOptions no_hints = options;
    no_hints.max_tail = kDefaultMaxTail;
    for (int i = 0; i < 12; ++i) {
        {
            Session session{environment, ledger, no_hints};
            session.put(numbered("key", i), numbered("value", i));
            session.commit();
        }
        static_cast<void>(store::WriteSession{environment, kStore, no_hints}.begin_compaction(
            true, store::Hints::trusted));
    }
    REQUIRE(Reader{environment, kStore}.statistics().hints == 12);
}

// As a killed writer leaves it: half a record behind the last whole one.
void torn_store(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    worn_store(environment, ledger, options);
    const std::string log = active_log(environment, kStore);
    const std::string record =
        make_record("key3", "never acknowledged", environment.now_milliseconds());
    replace_bytes(environment, kStore, log,
                  bytes_of(environment, kStore, log) + record.substr(0, record.size() / 2));
}

void put_one(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.put("new", "value");
    session.commit();
}

void overwrite(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.put("banana", "brown");
    session.commit();
}

void remove_one(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.remove("banana");
    session.commit();
}

void put_until_rotated(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.put("filler", std::string(300, 'f'));
    session.commit();
    session.put("behind the rotation", "value");
    session.commit();
}

void put_twenty(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    for (int i = 0; i < 20; ++i) {
        session.put(numbered("batch", i), std::string(40, static_cast<char>('a' + i)));
    }
    session.commit();
}

void put_streamed(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.put("banana", StreamedValue{9});
    session.commit();
}

void compact_all(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.compact();
}

void compact_some(io::Environment& environment, Ledger& ledger, const WriterOptions& options) {
    Session session{environment, ledger, options};
    CompactionOptions some;
    some.min_garbage_percent = 70;
    session.compact(some);
    session.put("key3", "behind the compaction");
    session.commit();
}

void compact_between_changes(io::Environment& environment, Ledger& ledger,
                             const WriterOptions& options) {
    Session session{environment, ledger, options};
    session.remove("key3");
    session.commit();
    session.compact();
    session.put("key0", "came back, too");
    session.commit();
    session.compact();
}

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> kAll{
        {"the first put", 4, no_store, put_one},
        {"a put", 2, small_store, put_one},
        {"an overwriting put", 2, small_store, overwrite},
        {"a put that merges hints", 2, hinted_store, put_one},
        {"a remove", 2, small_store, remove_one},
        {"a put that rotates", 6, small_store, put_until_rotated},
        {"a batch of twenty", 12, small_store, put_twenty},
        {"a large streamed put", 4, small_store, put_streamed},
        {"a put behind a torn record", 3, torn_store, put_one},
        {"a compaction", 6, worn_store, compact_all},
        {"a partial compaction", 6, worn_store, compact_some},
        {"a compaction between changes", 12, worn_store, compact_between_changes},
        {"a compaction behind a torn record", 6, torn_store, compact_all},
        {"a compaction of hints alone", 6, many_hints, compact_all},
    };
    return kAll;
}

// A store as a scenario wants it, to be copied for each run.
struct Prepared {
    Prepared(const Scenario& scenario, const WriterOptions& options) {
        scenario.prepare(disk, ledger, options);
    }

    MemoryEnvironment disk;
    Ledger ledger;
};

std::map<std::string, std::string> all_logs(MemoryEnvironment& disk) {
    std::map<std::string, std::string> logs;
    for (const std::string& name : log_names(disk, kStore)) {
        logs[name] = bytes_of(disk, kStore, name);
    }
    return logs;
}

// What a scan shows, which every other way to look at the store must confirm.
Contents confirmed_contents(MemoryEnvironment& disk, const Ledger& ledger) {
    const Contents found = contents(disk, kStore);
    if (found.empty()) {
        return found;
    }
    const Reader reader{disk, kStore};
    REQUIRE(reader.damage() == std::vector<std::string>{});
    REQUIRE(reader.count({}) == found.size());
    REQUIRE(reader.statistics().keys == found.size());
    Contents keys = ledger.with_pending(ledger.pending());
    keys.insert(ledger.acknowledged().begin(), ledger.acknowledged().end());
    for (const auto& [key, value] : keys) {
        CAPTURE(key);
        const Answer answer = reader.get(key);
        REQUIRE(answer.doubt.empty());
        REQUIRE((answer.value != nullptr) == found.contains(key));
    }
    return found;
}

bool has_leftovers(MemoryEnvironment& disk) {
    return std::ranges::any_of(file_names(disk, kStore),
                               [](const std::string& name) { return name.ends_with(".tmp"); });
}

void require_contents(MemoryEnvironment& disk, const Contents& expected) {
    const Contents found = contents(disk, kStore);
    CAPTURE(difference(found, expected));
    REQUIRE(found == expected);
    REQUIRE(damage(disk, kStore) == std::vector<std::string>{});
}

// The store is what the ledger allows, and good for everything that may come next.
void check_survivor(MemoryEnvironment disk, const Ledger& ledger, const WriterOptions& options) {
    Contents expected = confirmed_contents(disk, ledger);
    CAPTURE(ledger.pending(), difference(expected, ledger.acknowledged()));
    REQUIRE(ledger.allows(expected));

    const PowerCut worst{Names::late, Bytes::none};
    {
        Writer writer{disk, kStore, options};
        writer.put("after", "all");
        writer.commit();
    }
    expected["after"] = "all";
    require_contents(disk, expected);
    MemoryEnvironment later = disk.after_power_cut(worst);
    require_contents(later, expected);

    Writer{disk, kStore, options}.compact({});
    require_contents(disk, expected);
    REQUIRE_FALSE(has_leftovers(disk));
    later = disk.after_power_cut(worst);
    require_contents(later, expected);
}

// Everything that is not a log can be rebuilt; db.lock alone is a common case of its own.
void remove_derived_files(MemoryEnvironment& disk, bool lock_only) {
    if (disk.open_folder(kStore) == nullptr) {
        return;
    }
    for (const std::string& name : file_names(disk, kStore)) {
        if (lock_only ? name == "db.lock" : !name.ends_with(".log")) {
            remove_file(disk, kStore, name);
        }
    }
}

void check_after_kill(const MemoryEnvironment& disk, const Ledger& ledger,
                      const WriterOptions& options) {
    {
        INFO("the process was killed");
        check_survivor(disk.after_kill(), ledger, options);
    }
    for (const bool lock_only : {true, false}) {
        INFO("then " << (lock_only ? "db.lock was" : "all but the logs were") << " removed");
        MemoryEnvironment world = disk.after_kill();
        remove_derived_files(world, lock_only);
        check_survivor(std::move(world), ledger, options);
    }
}

void check_after_power_cuts(const MemoryEnvironment& disk, const Ledger& ledger,
                            const WriterOptions& options, std::uint64_t seed) {
    for (const PowerCut& cut : all_power_cuts(seed)) {
        INFO("the power was cut: " << describe(cut));
        check_survivor(disk.after_power_cut(cut), ledger, options);
    }
}

}  // namespace

TEST_CASE("a command that is killed at any step leaves old or new, in every world") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting);
    const Scenario scenario = GENERATE(from_range(scenarios()));
    const Written written = GENERATE(Written::half, Written::none, Written::all);
    CAPTURE(static_cast<int>(hinting), scenario, static_cast<int>(written));
    const Prepared prepared{scenario, options};
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.step = step, .written = written}};
        try {
            scenario.operate(faulty, ledger, options);
        } catch (const Crash&) {
        }
        CAPTURE(step, faulty.where());
        if (!faulty.tripped()) {
            REQUIRE(step >= scenario.least_steps);
            REQUIRE(ledger.pending() == 0);
        } else if (written != Written::half && faulty.struck() != Step::write) {
            continue;  // the same as with any other `written`
        }
        check_after_kill(disk, ledger, options);
        check_after_power_cuts(disk, ledger, options, step);
        if (!faulty.tripped()) {
            break;
        }
    }
}

TEST_CASE("an unsynced command that is killed at any step leaves old or new") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting, Durability::unsynced);
    const Scenario scenario = GENERATE(from_range(scenarios()));
    CAPTURE(static_cast<int>(hinting), scenario);
    const Prepared prepared{scenario, options};
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.step = step}};
        try {
            scenario.operate(faulty, ledger, options);
        } catch (const Crash&) {
        }
        CAPTURE(step, faulty.where());
        const Contents found = confirmed_contents(disk, ledger);
        CAPTURE(difference(found, ledger.acknowledged()));
        REQUIRE(ledger.allows(found));
        {
            Writer writer{disk, kStore, writer_options()};
            writer.put("after", "all");
            writer.commit();
        }
        Contents expected = found;
        expected["after"] = "all";
        require_contents(disk, expected);
        if (!faulty.tripped()) {
            REQUIRE(ledger.pending() == 0);
            break;
        }
    }
}

TEST_CASE("a compaction that crashes where an earlier one has crashed already loses nothing") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting);
    const Scenario scenario{"", 0, worn_store, compact_all};
    const Prepared prepared{scenario, options};
    const std::uint64_t stride = 3;
    std::uint64_t first = 0;
    for (bool first_crashed = true; first_crashed; first += stride) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.step = first}};
        try {
            scenario.operate(faulty, ledger, options);
        } catch (const Crash&) {
        }
        first_crashed = faulty.tripped();
        std::uint64_t second = first % stride;
        for (bool second_crashed = true; second_crashed; second += stride) {
            MemoryEnvironment again = disk.after_kill();
            FaultyEnvironment faulty_again{again, {.step = second}};
            try {
                scenario.operate(faulty_again, ledger, options);
            } catch (const Crash&) {
            }
            second_crashed = faulty_again.tripped();
            CAPTURE(first, faulty.where(), second, faulty_again.where());
            check_survivor(again.after_kill(), ledger, options);
            check_survivor(again.after_power_cut({Names::late, Bytes::none}), ledger, options);
            check_survivor(again.after_power_cut({Names::any, Bytes::any, first + second}), ledger,
                           options);
        }
    }
    REQUIRE(first > 2 * stride);
}

TEST_CASE("a command on a disk that fails at any step says so or succeeds, and loses nothing") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting);
    const Scenario scenario = GENERATE(from_range(scenarios()));
    const Fault fault = GENERATE(Fault::error_once, Fault::disk_full, Fault::disk_dead);
    CAPTURE(static_cast<int>(hinting), scenario, static_cast<int>(fault));
    const Prepared prepared{scenario, options};
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.fault = fault, .step = step}};
        bool failed = false;
        try {
            scenario.operate(faulty, ledger, options);
        } catch (const Error& error) {
            failed = true;
            CHECK(error.kind() == ErrorKind::io);
        }
        CAPTURE(step, faulty.where(), failed);
        check_after_kill(disk, ledger, options);
        check_after_power_cuts(disk, ledger, options, step);
        if (!faulty.tripped()) {
            REQUIRE_FALSE(failed);
            REQUIRE(step >= scenario.least_steps);
            break;
        }
    }
}

TEST_CASE("a reader whose lookup fails says so, and takes nothing for absent or lost") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting);
    const Prepared prepared{{"", 0, torn_store, no_store}, options};
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        FaultyEnvironment faulty{disk, {.fault = Fault::error_once, .step = step, .lookups = true}};
        std::optional<Contents> found;
        std::optional<std::vector<std::string>> damaged;
        std::optional<bool> has_key1;
        std::optional<bool> has_key2;
        ErrorKind kind = ErrorKind::io;
        try {
            found = contents(faulty, kStore);
            const Reader reader{faulty, kStore};
            damaged = reader.damage();
            has_key1 = reader.get("key1").value != nullptr;
            has_key2 = reader.get("key2").value != nullptr;
        } catch (const Error& error) {
            kind = error.kind();
        }
        CAPTURE(static_cast<int>(hinting), step, faulty.where());
        REQUIRE(kind == ErrorKind::io);
        REQUIRE(found.value_or(prepared.ledger.acknowledged()) == prepared.ledger.acknowledged());
        REQUIRE(damaged.value_or(std::vector<std::string>{}) == std::vector<std::string>{});
        REQUIRE(has_key1.value_or(true));
        REQUIRE_FALSE(has_key2.value_or(false));
        if (!faulty.tripped()) {
            REQUIRE(has_key2);
            REQUIRE(step > 10);
            break;
        }
    }
}

TEST_CASE("a writer whose lookup fails says so or succeeds, and loses nothing") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting);
    const Prepared prepared{{"", 0, torn_store, no_store}, options};
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.fault = Fault::error_once, .step = step, .lookups = true}};
        ErrorKind kind = ErrorKind::io;
        try {
            compact_between_changes(faulty, ledger, options);
        } catch (const Error& error) {
            kind = error.kind();
        }
        CAPTURE(static_cast<int>(hinting), step, faulty.where());
        REQUIRE(kind == ErrorKind::io);
        check_survivor(disk.after_kill(), ledger, options);
        if (!faulty.tripped()) {
            REQUIRE(step > 20);
            break;
        }
    }
}

TEST_CASE("after a failed write or sync a writer takes no further changes") {
    const Prepared prepared{{"", 0, small_store, no_store}, writer_options()};
    std::set<Step> refused_after;
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.fault = Fault::error_once, .step = step}};
        bool opened = false;
        try {
            Writer writer{faulty, kStore, writer_options()};
            opened = true;
            try {
                ledger.begin_put("filler", std::string(300, 'f'));
                writer.put("filler", std::string(300, 'f'));
                ledger.begin_put("behind the rotation", "value");
                writer.put("behind the rotation", "value");
                writer.commit();
                ledger.acknowledge();
            } catch (const Error&) {
                if (faulty.struck() == Step::write || faulty.struck() == Step::sync) {
                    CAPTURE(step, faulty.where());
                    CHECK_THROWS_AS(writer.put("later", "value"), Error);
                    CHECK_THROWS_AS(writer.remove("apple"), Error);
                    CHECK_THROWS_AS(writer.commit(), Error);
                    refused_after.insert(faulty.struck());
                }
            }
        } catch (const Error&) {
            CHECK_FALSE(opened);
        }
        CAPTURE(step, faulty.where());
        const Contents found = contents(disk, kStore);
        CHECK(ledger.allows(found));
        CHECK_FALSE(found.contains("later"));
        if (!faulty.tripped()) {
            break;
        }
    }
    CHECK(refused_after.contains(Step::write));
    CHECK(refused_after.contains(Step::sync));
}

TEST_CASE("a put that finds the disk full leaves every log as it was") {
    const bool streamed = GENERATE(false, true);
    CAPTURE(streamed);
    const Prepared prepared{{"", 0, small_store, no_store}, writer_options()};
    int full = 0;
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        const auto before = all_logs(disk);
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.fault = Fault::disk_full, .step = step}};
        bool failed = false;
        try {
            (streamed ? put_streamed : put_one)(faulty, ledger, writer_options());
        } catch (const Error&) {
            failed = true;
        }
        CAPTURE(step, faulty.where());
        if (failed && faulty.struck() == Step::write) {
            ++full;
            CHECK(all_logs(disk) == before);
        }
        if (!faulty.tripped()) {
            break;
        }
    }
    CHECK(full >= 1);
}

TEST_CASE("of a batch that fails, the writer salvages what it says that it salvages") {
    const Fault fault = GENERATE(Fault::disk_full, Fault::error_once);
    const Prepared prepared{{"", 0, small_store, no_store}, writer_options()};
    std::set<std::size_t> salvaged;
    for (std::uint64_t step = 0;; ++step) {
        MemoryEnvironment disk = prepared.disk.after_kill();
        Ledger ledger = prepared.ledger;
        FaultyEnvironment faulty{disk, {.fault = fault, .step = step}};
        std::optional<std::uint64_t> changes;
        try {
            Writer writer{faulty, kStore, writer_options()};
            try {
                for (int i = 0; i < 20; ++i) {
                    const std::string value(40, static_cast<char>('a' + i));
                    ledger.begin_put(numbered("batch", i), value);
                    writer.put(numbered("batch", i), value);
                }
                writer.commit();
            } catch (const Error&) {
                changes = writer.salvage();
            }
        } catch (const Error&) {
            REQUIRE_FALSE(changes);
        }
        CAPTURE(step, faulty.where(), changes.value_or(0));
        if (changes) {
            REQUIRE(*changes <= ledger.pending());
            const auto count = static_cast<std::size_t>(*changes);
            const Contents expected = ledger.with_pending(count);
            require_contents(disk, expected);
            for (const PowerCut& cut : all_power_cuts(step)) {
                CAPTURE(describe(cut));
                MemoryEnvironment world = disk.after_power_cut(cut);
                require_contents(world, expected);
            }
            salvaged.insert(count);
        }
        if (!faulty.tripped()) {
            break;
        }
    }
    CHECK(salvaged.size() > 2);
}

TEST_CASE("a value whose bytes cannot be read leaves every log as it was") {
    const Prepared prepared{{"", 0, small_store, no_store}, writer_options()};
    MemoryEnvironment disk = prepared.disk.after_kill();
    const auto before = all_logs(disk);
    {
        Writer writer{disk, kStore, writer_options()};
        CHECK_THROWS_AS(writer.put("banana", UnreadableValue{}), Error);
    }
    CHECK(all_logs(disk) == before);
    check_survivor(disk.after_kill(), prepared.ledger, writer_options());
}

TEST_CASE("a reader changes nothing, whatever state the store is in") {
    const Hinting hinting = GENERATE(Hinting::seldom, Hinting::always);
    const WriterOptions options = writer_options(hinting);
    const Prepared prepared{{"", 0, torn_store, no_store}, options};
    MemoryEnvironment disk = prepared.disk.after_kill();
    const bool without_lock = GENERATE(false, true);
    if (without_lock) {
        remove_file(disk, kStore, "db.lock");
    }
    FaultyEnvironment untouchable{disk, {.fault = Fault::disk_dead, .step = 0}};
    CHECK(contents(untouchable, kStore) == prepared.ledger.acknowledged());
    const Reader reader{untouchable, kStore};
    CHECK(reader.get("key1").value != nullptr);
    CHECK(reader.statistics().keys == prepared.ledger.acknowledged().size());
    CHECK_FALSE(untouchable.tripped());
}

TEST_CASE("a second writer is told that the store is locked, and changes nothing") {
    const Prepared prepared{{"", 0, small_store, no_store}, writer_options()};
    MemoryEnvironment disk = prepared.disk.after_kill();
    const Writer holder{disk, kStore, writer_options()};
    FaultyEnvironment untouchable{disk, {.fault = Fault::disk_dead, .step = 0}};
    try {
        const Writer second{untouchable, kStore, writer_options()};
        FAIL("two writers hold the lock");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::locked);
    }
    CHECK_FALSE(untouchable.tripped());
}

}  // namespace bitask::test
