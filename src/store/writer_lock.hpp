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

    // Throws Error (io) when the lock file is no longer the one of its name: another program has
    // removed it, and there may be a second writer.
    void check() const;

    [[nodiscard]] std::optional<LockNote> note() const;

    // Failures are ignored: the note is help for the next one, not part of anyone's data.
    void leave_note(const LockNote& note);

    // Puts a note in the place of one that does not fit the logs. Throws Error (io): a note that
    // is wrong must be gone before the logs grow to fit it.
    void replace_note(const LockNote& note, bool sync);

private:
    io::Folder& folder_;
    std::unique_ptr<io::File> file_;
};

// The note as a reader sees it, without a lock. Nothing when there is none, or half of one.
[[nodiscard]] std::optional<LockNote> read_note(const io::Folder& folder);

}  // namespace bitask::store
