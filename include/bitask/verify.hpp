#pragma once

#include "bitask/progress.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace bitask {

namespace io {
class Environment;
}

struct VerifyReport {
    std::uint64_t logs = 0;
    std::uint64_t records = 0;        // whole ones, tombstones included
    std::uint64_t bytes = 0;          // of all logs
    std::vector<std::string> damage;  // a line for each damaged place: log, offset, what is wrong

    // A line if the active log ends in an unfinished record, which is no damage: a writer is at
    // work, or was killed and the next one will cut it off.
    std::string unfinished;
};

// Reads every byte of the store and checks it. Takes no lock and writes nothing. Throws Error (io)
// when there is no store. `progress` may be null.
VerifyReport verify(const std::string& store, Progress* progress);
VerifyReport verify(io::Environment& environment, const std::string& store, Progress* progress);

}  // namespace bitask
