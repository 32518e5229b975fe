#pragma once

#include "io/environment.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace bitask::store {

// A name that the reference passes over. The file is never deleted, as kLockFile is not.
inline constexpr const char* kCompactionLockFile = "0.compaction";

// The right to compact a store, and to remove what a compaction has left behind: from construction
// to destruction. Beside the writer's lock, which a compaction holds for moments only. Whoever
// waits for this one must not hold that one.
class CompactionLock {
public:
    // Throws Error: locked when another process held it for all of `wait`, io.
    CompactionLock(io::Folder& folder, std::chrono::milliseconds wait);

    // Nothing when another process holds it. For a writer, without whom no compaction gets far:
    // where none has ever been there is no file, and none is made.
    [[nodiscard]] static std::optional<CompactionLock> try_to_take(const io::Folder& folder);

private:
    explicit CompactionLock(std::unique_ptr<io::File> file);

    std::unique_ptr<io::File> file_;  // null where there is none
};

}  // namespace bitask::store
