#include "keydir/walk_ahead.hpp"

#include "io/thread_worker.hpp"
#include "keydir/hint_node.hpp"
#include "keydir/table.hpp"
#include "keydir/table_cursor.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bitask::keydir {
namespace {

using Walk = std::vector<std::pair<std::string, std::uint64_t>>;  // keys and offsets

// Some of the keys are long.
Table table_of(std::uint64_t entries) {
    Table table;
    for (std::uint64_t i = 0; i < entries; ++i) {
        std::string key = std::to_string(1'000'000 + i);
        key.resize(i % 1000 == 0 ? 60'000 : key.size(), 'k');
        table.append(key, {.location = {.log = {1}, .offset = i}, .header = {}});
    }
    return table;
}

Walk walk(Cursor& cursor, io::Worker* worker) {
    Walk walk;
    walk_ahead(cursor, worker, [&walk](std::string_view key, const Entry& entry) {
        walk.emplace_back(key, entry.location.offset);
    });
    return walk;
}

// Fails where that many entries have been passed.
class FailingCursor final : public Cursor {
public:
    FailingCursor(const Table& table, std::size_t good) : inner_{table}, good_{good} {}

    bool seek(std::string_view at_or_after) override { return inner_.seek(at_or_after); }
    bool seek_before(std::optional<std::string_view> before) override {
        return inner_.seek_before(before);
    }
    bool next() override {
        if (--good_ == 0) {
            throw HintDamaged{"damaged"};
        }
        return inner_.next();
    }
    bool previous() override { return inner_.previous(); }
    [[nodiscard]] bool valid() const override { return inner_.valid(); }
    [[nodiscard]] std::string_view key() const override { return inner_.key(); }
    [[nodiscard]] const Entry& entry() const override { return inner_.entry(); }

private:
    TableCursor inner_;
    std::size_t good_;
};

TEST_CASE("a walk ahead has every entry once and in order, whoever does the walking") {
    io::ThreadWorker beside;
    io::WorkerAtOnce at_once;
    const std::uint64_t entries = GENERATE(0U, 1U, 4096U, 4097U, 20'000U);
    const Table table = table_of(entries);
    TableCursor cursor{table};
    const Walk alone = walk(cursor, nullptr);
    REQUIRE(alone.size() == entries);
    for (std::uint64_t i = 0; i < entries; ++i) {
        REQUIRE(alone[i].second == i);
    }
    CHECK(walk(cursor, &beside) == alone);
    CHECK(walk(cursor, &at_once) == alone);
}

TEST_CASE("a walk ahead that fails says so, early or late") {
    io::ThreadWorker beside;
    const Table table = table_of(20'000);
    const std::size_t good = GENERATE(1U, 100U, 10'000U);
    FailingCursor cursor{table, good};
    CHECK_THROWS_AS(walk(cursor, &beside), HintDamaged);
}

TEST_CASE("who takes entries may fail while others are walked over") {
    io::ThreadWorker beside;
    const Table table = table_of(20'000);
    TableCursor cursor{table};
    std::size_t taken = 0;
    const auto take = [&taken](std::string_view /*key*/, const Entry& /*entry*/) {
        if (++taken == 5000) {
            throw std::runtime_error{"no space left"};
        }
    };
    CHECK_THROWS_AS(walk_ahead(cursor, &beside, take), std::runtime_error);
    CHECK(taken == 5000);
}

}  // namespace
}  // namespace bitask::keydir
