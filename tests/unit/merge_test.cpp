#include "keydir/merge.hpp"

#include "io/thread_worker.hpp"
#include "keydir/hint_node.hpp"
#include "keydir/table.hpp"
#include "keydir/table_cursor.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bitask::keydir {
namespace {

using Entries = std::vector<std::pair<std::string, Entry>>;
using Walks = std::vector<std::unique_ptr<Cursor>>;

// Where a walk gets the keys that it has.
enum class Keys {
    spread,   // anywhere among all
    uneven,   // likewise, but nearly all are in the first walk
    apart,    // in a range of its own
    related,  // in families that share all but the last byte, and that spread
    few,      // nearly all are in several walks
    lengthy   // some as long as can be
};

// `number` is below `all`.
std::string key_of(std::uint64_t number, std::uint64_t all, Keys keys) {
    switch (keys) {
        case Keys::related:
            return "family" + std::to_string((number / 10) * 0x9E37'79B9'7F4A'7C15) +
                   std::to_string(number % 10);
        case Keys::few: return std::to_string(number % (all / 50 + 1));
        case Keys::lengthy: {
            std::string key = std::to_string(number * 0x9E37'79B9'7F4A'7C15);
            key.resize(number % 500 == 0 ? kMaxKeySize : key.size(), 'k');
            return key;
        }
        case Keys::spread:
        case Keys::uneven:
        case Keys::apart: break;
    }
    return std::to_string(all + number);
}

struct Walked {
    std::vector<Table> tables;
    std::map<std::string, Entry> newest;

    void apply(std::size_t table, const std::string& key, const Entry& entry) {
        tables[table].apply(key, entry);
        const auto [known, is_first] = newest.emplace(key, entry);
        if (!is_first && entry.newer_than(known->second.header.timestamp, known->second.location)) {
            known->second = entry;
        }
    }

    [[nodiscard]] Walks walks() const {
        Walks walks;
        for (const Table& table : tables) {
            walks.push_back(std::make_unique<TableCursor>(table));
        }
        return walks;
    }

    [[nodiscard]] Entries expected() const { return {newest.begin(), newest.end()}; }
};

Walked fill(std::size_t tables, std::uint64_t entries, Keys keys) {
    std::mt19937_64 random{tables + entries};
    Walked walked;
    walked.tables.resize(tables);
    for (std::uint64_t i = 0; i < entries; ++i) {
        const std::string key = key_of(i, entries, keys);
        const Entry entry{.location = {.log = {1 + random() % 3}, .offset = i},
                          .header = {.crc = static_cast<std::uint32_t>(random()),
                                     .timestamp = random() % 20,
                                     .key_size = static_cast<std::uint32_t>(key.size()),
                                     .value_size = static_cast<std::uint32_t>(random() % 3)}};
        const bool first = keys == Keys::uneven && random() % 16 != 0;
        walked.apply(first                 ? 0
                     : keys == Keys::apart ? i * tables / entries
                                           : random() % tables,
                     key, entry);
    }
    return walked;
}

Entries merged(Walks walks, io::Worker* helper) {
    Entries entries;
    merge(std::move(walks), helper, [&entries](std::string_view key, const Entry& entry) {
        entries.emplace_back(key, entry);
    });
    return entries;
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

}  // namespace

TEST_CASE("what is merged is there once, in order, and the newest, whoever does the walking") {
    const auto keys =
        GENERATE(Keys::spread, Keys::uneven, Keys::apart, Keys::related, Keys::few, Keys::lengthy);
    const std::size_t tables = GENERATE(1U, 2U, 7U, 40U, 300U);
    const std::uint64_t entries = GENERATE(1U, 100U, 2048U, 20'000U);
    CAPTURE(static_cast<int>(keys), tables, entries);
    const Walked walked = fill(tables, entries, keys);
    const Entries expected = walked.expected();
    io::ThreadWorker beside;
    io::WorkerAtOnce at_once;
    CHECK((merged(walked.walks(), nullptr) == expected));
    CHECK((merged(walked.walks(), &beside) == expected));
    CHECK((merged(walked.walks(), &at_once) == expected));
}

TEST_CASE("keys that are the beginnings of others, and keys of zeros, are merged in order") {
    Walked walked;
    walked.tables.resize(3);
    std::uint64_t offset = 0;
    for (std::size_t zeros = 0; zeros < 20; ++zeros) {
        for (const char* const beginning : {"", "a", "abcdefgh", "abcdefghi"}) {
            const std::string key = beginning + std::string(zeros, '\0');
            if (!key.empty()) {
                walked.apply(offset % 3, key,
                             {.location = {.log = {1}, .offset = offset},
                              .header = {.key_size = static_cast<std::uint32_t>(key.size())}});
                ++offset;
            }
        }
    }
    CHECK((merged(walked.walks(), nullptr) == walked.expected()));
}

TEST_CASE("nothing is merged to nothing") {
    io::WorkerAtOnce helper;
    CHECK(merged({}, nullptr).empty());
    CHECK(merged({}, &helper).empty());
    CHECK(merged(Walked{.tables = std::vector<Table>(3), .newest = {}}.walks(), &helper).empty());
}

TEST_CASE("a merge with a walk that fails says so, early or late") {
    const std::size_t others = GENERATE(0U, 3U);
    const std::size_t good = GENERATE(1U, 100U, 4000U);
    const Walked walked = fill(others + 1, (others + 1) * 5000, Keys::apart);
    Walks walks = walked.walks();
    walks.back() = std::make_unique<FailingCursor>(walked.tables.back(), good);
    io::ThreadWorker beside;
    io::Worker* const helper = GENERATE(false, true) ? &beside : nullptr;
    CHECK_THROWS_AS(merged(std::move(walks), helper), HintDamaged);
}

TEST_CASE("who takes entries may fail while others are walked over") {
    io::ThreadWorker beside;
    const Walked walked = fill(2, 20'000, Keys::spread);
    std::size_t taken = 0;
    const auto take = [&taken](std::string_view /*key*/, const Entry& /*entry*/) {
        if (++taken == 5000) {
            throw std::runtime_error{"no space left"};
        }
    };
    CHECK_THROWS_AS(merge(walked.walks(), &beside, take), std::runtime_error);
    CHECK(taken == 5000);
}

}  // namespace bitask::keydir
