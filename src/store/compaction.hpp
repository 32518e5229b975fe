#pragma once

#include "bitask/compaction.hpp"
#include "io/environment.hpp"
#include "log/damage.hpp"
#include "log/log_name.hpp"
#include "store/compacted_logs.hpp"
#include "store/compaction_plan.hpp"
#include "store/recovery.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

// Compaction: the live records of some logs are copied to new ones, then the old logs go.
//
// It is right whenever it is stopped, even for a reader that knows the logs alone, because of
// three rules (docs/architecture.md, "Compaction"):
// 1. A new log bears a log's name only when it is complete and synced, and no old log is removed
//    before all new names are synced. Until then, records exist twice, which changes nothing.
// 2. A new log has the number of the newest log that it takes records from and a generation not
//    used before, so that its records still win ties against all that they won against.
// 3. Tombstones are not dropped while an old record of their key may still be in the folder. They
//    go into a log of their own, which is the last to be removed.
namespace bitask::store {

// A log that was to be copied is damaged, and has to be kept as it is.
class InputDamaged : public std::exception {
public:
    explicit InputDamaged(log::Damage damage)
        : damage_{std::move(damage)}, message_{damage_.describe()} {}

    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    [[nodiscard]] const log::Damage& damage() const noexcept { return damage_; }

private:
    log::Damage damage_;
    std::string message_;
};

struct CompactionWork {
    std::uint64_t max_log_size = 0;     // in bytes
    bool writes_hints = false;          // false: `state` does not come from hints
    std::uint32_t seed = 0;             // of the hint
    std::vector<log::LogName> names{};  // of all logs that there are, to choose others
};

// Copies what the plan tells to. Needs no lock: every input is sealed, and nobody else removes
// logs. What the copying takes does not depend on the number of keys: about 100 MiB at the most,
// and files without names in the store's folder for 32 bytes a record.
//
// Throws Error, HintDamaged, or InputDamaged; nothing is left of it then.
[[nodiscard]] CompactedLogs compact_logs(io::Environment& environment, io::Folder& folder,
                                         const Recovery& state, const CompactionPlan& plan,
                                         const CompactionOptions& options,
                                         const CompactionWork& work);

// Takes back what compact_logs() has written and nobody has published. Failures are ignored.
void discard(io::Folder& folder, const CompactedLogs& logs);

}  // namespace bitask::store
