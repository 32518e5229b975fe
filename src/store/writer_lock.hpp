#pragma once

#include "io/environment.hpp"
#include "store/lock_note.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace bitask::store {

inline constexpr const char* kLockFile = "db.lock";

// The right to write to a store, held from construction to destruction. The lock file is never
// deleted: whoever deletes it lets two writers lock two files of the same name.
class WriterLock {
public:
    // Throws Error: locked when another process held it for all of `wait`, io.
    WriterLock(io::Folder& folder, std::chrono::milliseconds wait);

    [[nodiscard]] std::optional<LockNote> note() const;

    // Failures are ignored: the note is help for the next one, not part of anyone's data.
    void leave_note(const LockNote& note);

private:
    std::unique_ptr<io::File> file_;
};

// The note as a reader sees it, without a lock. Nothing when there is none, or half of one.
[[nodiscard]] std::optional<LockNote> read_note(const io::Folder& folder);

}  // namespace bitask::store
