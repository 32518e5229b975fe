#pragma once

#include "bitask/compaction.hpp"
#include "bitask/writer.hpp"
#include "io/environment.hpp"

#include <string>

namespace bitask::store {

// A whole compaction, from taking the locks to removing the old logs. The caller must not hold the
// writer's lock: it is taken for a moment to seal the active log and to make hints, and again to
// publish; in between, others write. A store for which no hints can be made, because it is damaged
// or has keys that are too long for them, is compacted under the writer's lock.
//
// Throws Error: locked, corrupt, io.
CompactionReport compact(io::Environment& environment, const std::string& path,
                         const WriterOptions& writing, const CompactionOptions& options);

}  // namespace bitask::store
