#pragma once

#include "bitask/key_batch.hpp"
#include "bitask/value.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask {

namespace store {
class View;
}

// What `get` found out about one key.
struct Answer {
    std::unique_ptr<Value> value;  // null: the key is not there

    // Empty when the answer is certain. Otherwise the store has lost records that it cannot name,
    // a newer one of this key may have been among them, and this says where they stood.
    std::string doubt;
};

// Likewise, where the value goes to the caller's memory.
enum class Found {
    no,
    yes,
    in_doubt,  // yes, and there is an Answer::doubt
};

// The answers to a batch of keys, in its order.
class Answers {
public:
    virtual ~Answers() = default;

    // Moves to the answer for the next key; false behind the last. Throws Error (corrupt) as
    // Reader::get() does; it has then moved to that key and may be called again.
    virtual bool next() = 0;

    [[nodiscard]] virtual std::string_view key() const = 0;
    [[nodiscard]] virtual const Value* value() const = 0;        // as in Answer; until next()
    [[nodiscard]] virtual const std::string& doubt() const = 0;  // likewise
};

// Which keys a scan visits, in byte order.
struct Range {
    std::string prefix;                  // only keys that begin with it
    std::string from;                    // the first key that may come
    std::optional<std::string> to;       // the first key that may not come any more
    std::optional<std::uint64_t> limit;  // at most so many pairs
    bool reverse = false;                // the last key first

    friend bool operator==(const Range&, const Range&) = default;
};

// Sizes in bytes. Every byte of a log is either live, the current record of a key, or dead.
struct Statistics {
    std::uint64_t keys = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t dead_bytes = 0;
    std::uint64_t logs = 0;
    std::uint64_t hints = 0;
    std::optional<std::uint64_t> last_compaction;  // milliseconds since the epoch, if known

    [[nodiscard]] double garbage_percent() const;  // dead bytes in all bytes; 0 in an empty store
};

// Goes through live pairs. Pairs that are put or removed meanwhile may or may not be
// seen; a pair that stays as it is, is seen exactly once.
class Cursor {
public:
    virtual ~Cursor() = default;

    // Moves to the next pair; false at the end. Throws Error (corrupt) when the pair at hand is
    // damaged; the cursor has then moved past it and next() may be called again.
    virtual bool next() = 0;

    [[nodiscard]] virtual std::string_view key() const = 0;  // valid until next()
    [[nodiscard]] virtual const Value& value() const = 0;    // likewise; not for scans of keys
};

enum class Visit {
    pairs,           // in the order of their keys
    keys_only,       // likewise
    pairs_unordered  // in the order that takes least, but for a range: that is in order
};

struct ReaderOptions {
    // The reader will be asked for this key and nothing else: it then keeps no other in mind.
    std::optional<std::string> only_key;

    // Sealed logs and hints are mapped as a whole, and a hint's nodes checked once: for a process
    // that asks for many keys, one by one. Once one in 64 has been asked for, there is a table of
    // where all records are, of 64 MiB at the most; not for more than three million keys. When the
    // disk fails, or something else than bitask has made such a file shorter, there is no Error to
    // throw: the process gets the signal SIGBUS.
    bool mapped = false;
};

// A store as a reader sees it. Takes no lock, writes nothing, creates nothing.
class Reader {
public:
    // Throws Error (io) when there is no store in that folder.
    explicit Reader(const std::string& store, ReaderOptions options = {});
    Reader(io::Environment& environment, const std::string& store, ReaderOptions options = {});
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    // Throws Error (corrupt) when the key's newest record is damaged, or when the key is not found
    // but may have been in a record that was lost.
    [[nodiscard]] Answer get(std::string_view key) const;

    // Likewise; the value replaces what `value` held, in the memory that it has: for a process that
    // asks for many small ones. What is in `value` is of no use when there is none. The key must
    // not be a part of it.
    [[nodiscard]] Found get(std::string_view key, std::string& value) const;

    // Neither the keys nor the reader may go before the answers.
    [[nodiscard]] std::unique_ptr<Answers> get(const KeyBatch& keys) const;

    // The cursor must not outlive the reader.
    [[nodiscard]] std::unique_ptr<Cursor> scan(const Range& range, Visit visit) const;

    // How many keys a scan would visit.
    [[nodiscard]] std::uint64_t count(const Range& range) const;

    [[nodiscard]] Statistics statistics() const;

    // A line for each damaged place that was met when the store was opened, empty in a healthy
    // store. What a scan shows is then all that can still be read.
    [[nodiscard]] std::vector<std::string> damage() const;

private:
    std::unique_ptr<store::View> view_;
};

}  // namespace bitask
