#pragma once

#include "bitask/limits.hpp"
#include "bitask/progress.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bitask {

struct CompactionOptions {
    double min_garbage_percent = 0;  // rewrite only logs with at least so large a dead share
    double if_garbage_percent = 0;   // do nothing while the whole store has a smaller one
    bool all = false;                // rewrite every log, also one that has nothing dead
    std::uint64_t max_rate = 0;      // read and write at most so many bytes a second; 0: no limit
    Progress* progress = nullptr;    // may be null

    // Asked between logs. Once it says yes, what is done by then is made to count, where that is
    // safe, and the rest is left as it was.
    std::function<bool()> should_stop = [] { return false; };
};

// Sizes in bytes.
struct CompactionReport {
    std::uint64_t bytes_before = 0;  // of all logs
    std::uint64_t bytes_after = 0;
    std::vector<std::string> rewritten;  // names of logs that were read and removed
    std::uint64_t logs_written = 0;
    std::uint64_t logs_kept = 0;
    std::vector<std::string> damage;  // a line for each damaged place; its log is kept as it is
    bool stopped = false;             // before all that was worth it was done
};

struct WriterOptions;

// Removes what is superseded, while others read and write: the writer's lock is taken for a moment
// to begin and for another to publish. Only a store for which no hints can be made, because it is
// damaged or has keys that are too long for them, is locked until the end.
//
// Of `writing`, the waiting time is for each of the locks; what is written is synced in any case,
// and no store is created. Throws Error: locked, also when another compaction is at work, corrupt,
// io; the store then has all its records, some perhaps twice.
CompactionReport compact_store(const std::string& store, const WriterOptions& writing,
                               const CompactionOptions& options);

// What a compaction would do now. Takes no lock and changes nothing; logs_written stays 0.
[[nodiscard]] CompactionReport preview_compaction(const std::string& store,
                                                  const CompactionOptions& options);

}  // namespace bitask
