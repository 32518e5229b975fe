#pragma once

#include "bitask/compaction.hpp"
#include "bitask/key_batch.hpp"
#include "bitask/limits.hpp"
#include "bitask/value.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask {

namespace store {
class WriteSession;
}

enum class Durability {
    synced,   // commit() returns when everything is on disk
    unsynced  // commit() returns when the kernel has everything: a power cut may lose it
};

struct WriterOptions {
    std::chrono::milliseconds wait = kDefaultWait;  // for the lock; 0 tries once
    std::uint64_t max_log_size = kDefaultMaxLogSize;
    std::uint64_t max_tail = kDefaultMaxTail;  // in bytes
    Durability durability = Durability::synced;
    std::size_t max_memory = kDefaultMaxMemory;  // of what waits for its hints, in bytes
    bool create = true;  // a store that is not there; otherwise that is an Error (io)
    // Gets a line for what a user should know though the work goes on: a torn record cut off.
    std::function<void(const std::string&)> warn = [](const std::string&) {};
};

// The one writer of a store: holds the lock from construction to destruction, but for compact().
//
// Changes are in the store after commit(), and in order: a crash leaves a prefix of them. After a
// failed write or sync every further change throws; what was committed stays readable.
class Writer {
public:
    // Throws Error: locked, io. Repairs what a killed writer left behind.
    Writer(const std::string& store, WriterOptions options);
    Writer(io::Environment& environment, std::string store, WriterOptions options);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // Throws Error: usage for an empty or too long key or value.
    void put(std::string_view key, std::string_view value);
    void put(std::string_view key, const Value& value);

    // False when the key is not there; nothing is written then.
    bool remove(std::string_view key);

    // Likewise for each key of the batch, in its order; tells for which they were there.
    void remove(const KeyBatch& keys, const std::function<void(std::size_t, bool)>& removed);

    // Makes all changes so far survive the end of the process and, with Durability::synced, a
    // power cut.
    void commit();

    // After a failed put or remove: makes those changes before it survive that had reached the log
    // already, and returns how many they are. Throws Error (io) when nobody can tell.
    std::uint64_t salvage();

    // Commits, and gives the lock back for most of the time: others may write meanwhile.
    CompactionReport compact(const CompactionOptions& options);

private:
    [[nodiscard]] store::WriteSession& session();

    io::Environment& environment_;
    std::string store_;
    WriterOptions options_;
    std::unique_ptr<store::WriteSession> session_;  // null after a compaction
};

// Throws Error (usage) unless a store takes this key, or a value of this size. For callers that
// want to know before they read a long input or wait for the lock.
void check_key(std::string_view key);
void check_value_size(std::uint64_t size);

}  // namespace bitask
