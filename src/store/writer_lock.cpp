#include "store/writer_lock.hpp"

#include "bitask/error.hpp"

#include <array>
#include <span>
#include <string>

namespace bitask::store {
namespace {

// How often the lock may turn out to be on a file that is gone from the folder. Only programs that
// delete lock files make it happen at all.
constexpr int kMaxTries = 1000;

std::optional<LockNote> note_in(const io::File& file) {
    std::array<std::byte, LockNote::kSize> bytes{};
    const std::size_t size = file.read(0, bytes);
    return decode_note(std::span{bytes}.first(size));
}

[[noreturn]] void throw_locked(const io::Folder& folder, const io::File& file) {
    const auto holder = file.lock_holder();
    throw Error{ErrorKind::locked,
                folder.path() + "/" + kLockFile + ": held by " +
                    (holder ? "process " + std::to_string(*holder) : "another process")};
}

}  // namespace

WriterLock::WriterLock(io::Folder& folder, std::chrono::milliseconds wait) : folder_{folder} {
    for (int i = 0; i < kMaxTries; ++i) {
        file_ = folder.open_or_create(kLockFile);
        if (!file_->lock(wait)) {
            break;
        }
        // The reference deletes the file when it closes. A lock on a deleted file protects
        // nothing, because the next writer creates and locks another.
        if (folder.identity(kLockFile) == file_->identity()) {
            return;
        }
    }
    throw_locked(folder, *file_);
}

void WriterLock::check() const {
    if (folder_.identity(kLockFile) != file_->identity()) {
        throw Error{ErrorKind::io, folder_.path() + "/" + kLockFile +
                                       ": removed while it was locked, there may be two writers"};
    }
}

std::optional<LockNote> WriterLock::note() const {
    return note_in(*file_);
}

void WriterLock::leave_note(const LockNote& note) {
    try {
        replace_note(note, false);
    } catch (const Error&) {
        // An older or a torn note stays behind; both are recognized.
    }
}

void WriterLock::replace_note(const LockNote& note, bool sync) {
    const std::string bytes = encode_note(note);
    file_->write(0, std::as_bytes(std::span{bytes}));
    if (sync) {
        file_->sync();
    }
}

std::optional<LockNote> read_note(const io::Folder& folder) {
    try {
        const auto file = folder.open(kLockFile, io::Access::read);
        return file ? note_in(*file) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;  // a reader who may not open the lock file can do without the note
    }
}

}  // namespace bitask::store
