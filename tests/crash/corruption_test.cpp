#include "bitask/bytes.hpp"
#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"
#include "support/catch.hpp"
#include "support/memory_environment.hpp"
#include "support/store_contents.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Bytes that are not what was written: every byte of every log changed, every log cut at every
// length. A store may then fail to answer, or say that it doubts its answer; it never lies.
namespace bitask::test {

namespace {

constexpr const char* kStore = "/kv";
constexpr const char* kLockFile = "db.lock";
constexpr std::uint64_t kOneLog = kDefaultMaxLogSize;
constexpr std::uint64_t kManyLogs = 300;  // so large at the most, and a record

struct Change {
    std::string key;
    std::string value;  // empty for a remove
};

using History = std::vector<Change>;

std::string numbered(char prefix, int number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 3 - std::min<std::size_t>(digits.size(), 3), '0');
    return prefix + digits;
}

History unique_keys(int keys) {
    History history;
    for (int i = 0; i < keys; ++i) {
        history.push_back({numbered('k', i), numbered('v', i)});
    }
    return history;
}

History overwritten_twice(int keys) {
    History history;
    for (const char round : {'a', 'b', 'c'}) {
        for (int i = 0; i < keys; ++i) {
            history.push_back({numbered('k', i), numbered(round, i)});
        }
    }
    return history;
}

// Of every six keys, four are removed again and two of these come back.
History with_tombstones(int keys) {
    History history;
    for (int i = 0; i < keys; ++i) {
        history.push_back({numbered('k', i), numbered('a', i)});
    }
    for (int i = 0; i < keys; ++i) {
        if (i % 6 < 4) {
            history.push_back({numbered('k', i), ""});
        }
        if (i % 6 >= 2 && i % 6 < 4) {
            history.push_back({numbered('k', i), numbered('b', i)});
        }
    }
    return history;
}

Contents after(const History& history, std::size_t changes) {
    Contents result;
    for (std::size_t i = 0; i < changes; ++i) {
        if (history[i].value.empty()) {
            result.erase(history[i].key);
        } else {
            result[history[i].key] = history[i].value;
        }
    }
    return result;
}

// A store to be damaged, and what is known of it.
struct Victim {
    Victim(History changes, std::uint64_t max_log_size) : history{std::move(changes)} {
        WriterOptions options;
        options.max_log_size = max_log_size;
        Writer writer{disk, kStore, options};
        for (std::size_t i = 0; i < history.size(); ++i) {
            const Change& change = history[i];
            if (change.value.empty()) {
                writer.remove(change.key);
            } else {
                writer.put(change.key, change.value);
            }
            if (i % 2 == 0) {  // half of the timestamps are equal to the one before
                disk.sleep(std::chrono::milliseconds{1});
            }
        }
        writer.commit();
        contents = after(history, history.size());
        std::set<std::string> names;
        for (const Change& change : history) {
            names.insert(change.key);
        }
        keys.assign(names.begin(), names.end());
    }

    MemoryEnvironment disk;
    History history;
    Contents contents;
    std::vector<std::string> keys;  // all that ever were, in order
};

// One log of it.
struct Log {
    Log(Victim& victim, std::string log_name)
        : name{std::move(log_name)},
          bytes{bytes_of(victim.disk, kStore, name)},
          ends{record_ends(bytes)} {}

    std::string name;
    std::string bytes;
    std::vector<std::uint64_t> ends;

    [[nodiscard]] std::size_t record_at(std::uint64_t offset) const {
        return static_cast<std::size_t>(std::ranges::upper_bound(ends, offset) - ends.begin());
    }
    [[nodiscard]] std::uint64_t begin(std::size_t record) const {
        return record == 0 ? 0 : ends[record - 1];
    }
    [[nodiscard]] std::string key(std::size_t record) const {
        constexpr std::size_t kHeaderSize = 20;
        constexpr std::size_t kKeySize = 4;
        return bytes.substr(static_cast<std::size_t>(begin(record)) + kHeaderSize, kKeySize);
    }

    // What no writer's note vouches for: the format does not check timestamps, and where the
    // active log ends, damage looks like a record that was never finished.
    [[nodiscard]] bool unprotected(std::uint64_t offset) const {
        const std::size_t record = record_at(offset);
        const std::uint64_t field = offset - begin(record);
        const bool timestamp = field >= 4 && field < 12;
        return timestamp || (is_active_log(name) && record + 1 == ends.size());
    }
};

class StringSink : public ByteSink {
public:
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
};

enum class Outcome { right, uncertain, wrong };

Outcome ask(const Reader& reader, const std::string& key, const Contents& expected) {
    try {
        const Answer answer = reader.get(key);
        if (!answer.doubt.empty()) {
            return Outcome::uncertain;
        }
        const auto known = expected.find(key);
        if (!answer.value) {
            return known == expected.end() ? Outcome::right : Outcome::wrong;
        }
        StringSink value;
        answer.value->copy_to(value);
        const bool right = known != expected.end() && known->second == value.text;
        return right ? Outcome::right : Outcome::wrong;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt) {
            throw;
        }
        return Outcome::uncertain;
    }
}

struct Verdict {
    std::set<std::string> uncertain;
    std::set<std::string> wrong;
};

Verdict judge(Victim& victim, const std::vector<std::string>& keys) {
    Verdict verdict;
    const Reader reader{victim.disk, kStore};
    for (const std::string& key : keys) {
        switch (ask(reader, key, victim.contents)) {
            case Outcome::right: break;
            case Outcome::uncertain: verdict.uncertain.insert(key); break;
            case Outcome::wrong: verdict.wrong.insert(key); break;
        }
    }
    return verdict;
}

std::string joined(const std::set<std::string>& keys) {
    std::string text;
    for (const std::string& key : keys) {
        text += key + " ";
    }
    return text;
}

// The keys most in danger, and some others that change from place to place. Now and then all.
std::vector<std::string> keys_to_ask(const Victim& victim, const Log& log, std::uint64_t offset) {
    constexpr std::uint64_t kAskAll = 29;  // prime, so that all bytes of a record get their turn
    constexpr std::size_t kStride = 31;
    constexpr std::size_t kNeighbours = 2;
    if (offset % kAskAll == 0) {
        return victim.keys;
    }
    std::vector<std::string> keys;
    for (auto i = static_cast<std::size_t>(offset % kStride); i < victim.keys.size();
         i += kStride) {
        keys.push_back(victim.keys[i]);
    }
    const std::size_t hit = log.record_at(offset);
    const std::size_t first = hit - std::min(hit, kNeighbours);
    const std::size_t last = std::min(hit + kNeighbours, log.ends.size() - 1);
    for (std::size_t record = first; record <= last; ++record) {
        keys.push_back(log.key(record));
    }
    return keys;
}

enum class Note { kept, removed };

void flip_every_byte(Victim& victim, Note note) {
    constexpr std::size_t kMostUnreadable = 2;
    if (note == Note::removed) {
        remove_file(victim.disk, kStore, kLockFile);
    }
    std::mt19937 chance{42};
    for (const std::string& name : log_names(victim.disk, kStore)) {
        const Log log{victim, name};
        for (std::uint64_t offset = 0; offset < log.bytes.size(); ++offset) {
            const auto one_bit = static_cast<std::uint8_t>(1U << (chance() % 8));
            const bool may_lie = note == Note::removed && log.unprotected(offset);
            for (const std::uint8_t mask : {std::uint8_t{0xFF}, one_bit}) {
                victim.disk.flip(kStore, name, offset, mask);
                const Verdict verdict = judge(victim, keys_to_ask(victim, log, offset));
                victim.disk.flip(kStore, name, offset, mask);
                if ((!may_lie && !verdict.wrong.empty()) ||
                    verdict.uncertain.size() > kMostUnreadable) {
                    const std::uint64_t field = offset - log.begin(log.record_at(offset));
                    CAPTURE(name, log.bytes.size(), offset, field, int{mask});
                    CAPTURE(log.key(log.record_at(offset)));
                    CAPTURE(joined(verdict.wrong), joined(verdict.uncertain));
                    FAIL_CHECK("a changed byte");
                }
            }
        }
    }
    // The test itself has left the store as it was.
    REQUIRE(judge(victim, victim.keys).wrong.empty());
    REQUIRE(contents(victim.disk, kStore) == victim.contents);
}

}  // namespace

TEST_CASE("a changed byte in a store of unique keys is never served, and spares all other keys") {
    const std::uint64_t max_log_size = GENERATE(kOneLog, kManyLogs);
    const Note note = GENERATE(Note::kept, Note::removed);
    CAPTURE(max_log_size, static_cast<int>(note));
    const bool usual = max_log_size == kOneLog && note == Note::kept;
    Victim victim{unique_keys(usual ? 300 : 90), max_log_size};  // the time grows with the square
    flip_every_byte(victim, note);
}

TEST_CASE("a changed byte in a store of overwritten keys brings no old value back") {
    const std::uint64_t max_log_size = GENERATE(kOneLog, kManyLogs);
    const Note note = GENERATE(Note::kept, Note::removed);
    CAPTURE(max_log_size, static_cast<int>(note));
    Victim victim{overwritten_twice(30), max_log_size};
    flip_every_byte(victim, note);
}

TEST_CASE("a changed byte in a store with tombstones brings no removed key back") {
    const std::uint64_t max_log_size = GENERATE(kOneLog, kManyLogs);
    const Note note = GENERATE(Note::kept, Note::removed);
    CAPTURE(max_log_size, static_cast<int>(note));
    Victim victim{with_tombstones(45), max_log_size};
    flip_every_byte(victim, note);
}

TEST_CASE("an active log cut at any length keeps every whole record before the cut") {
    const Note note = GENERATE(Note::kept, Note::removed);
    const bool unique = GENERATE(true, false);
    CAPTURE(static_cast<int>(note), unique);
    Victim victim{unique ? unique_keys(60) : overwritten_twice(20), kOneLog};
    const Log log{victim, active_log(victim.disk, kStore)};
    for (std::size_t cut = 0; cut < log.bytes.size(); ++cut) {
        CAPTURE(cut);
        MemoryEnvironment disk = victim.disk.after_kill();
        if (note == Note::removed) {
            remove_file(disk, kStore, kLockFile);
        }
        replace_bytes(disk, kStore, log.name, std::string_view{log.bytes}.substr(0, cut));
        Contents expected = after(victim.history, log.record_at(cut));
        REQUIRE(contents(disk, kStore) == expected);
        {
            const Reader reader{disk, kStore};
            for (const auto& [key, value] : expected) {
                CAPTURE(key);
                const Outcome outcome = ask(reader, key, expected);
                REQUIRE(outcome != Outcome::wrong);
                // Where the note tells that records are missing, they may have been of this key.
                REQUIRE((outcome == Outcome::right || (!unique && note == Note::kept)));
            }
        }
        {
            Writer writer{disk, kStore, {}};
            writer.put("next", "works");
            writer.commit();
        }
        expected["next"] = "works";
        REQUIRE(contents(disk, kStore) == expected);
        const Reader reader{disk, kStore};
        REQUIRE(ask(reader, "next", expected) == Outcome::right);
    }
}

// A cut exactly between two records leaves a log that was as good as any other: a reader that has
// only the logs cannot tell.
TEST_CASE("a sealed log cut inside any record is noticed by whoever asks for what it held") {
    const bool unique = GENERATE(true, false);
    CAPTURE(unique);
    Victim victim{unique ? unique_keys(60) : overwritten_twice(20), 300};
    std::size_t cuts = 0;
    for (const std::string& name : log_names(victim.disk, kStore)) {
        if (is_active_log(name)) {
            continue;
        }
        const Log log{victim, name};
        for (std::size_t cut = 0; cut < log.bytes.size(); ++cut) {
            if (log.begin(log.record_at(cut)) == cut) {
                continue;
            }
            ++cuts;
            replace_bytes(victim.disk, kStore, name, std::string_view{log.bytes}.substr(0, cut));
            const Verdict verdict = judge(victim, victim.keys);
            CAPTURE(name, log.bytes.size(), cut, joined(verdict.wrong));
            CHECK(verdict.wrong.empty());
        }
        replace_bytes(victim.disk, kStore, name, log.bytes);
    }
    REQUIRE(cuts > 30);
}

}  // namespace bitask::test
