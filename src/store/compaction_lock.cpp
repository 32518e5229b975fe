#include "store/compaction_lock.hpp"

#include "bitask/error.hpp"

#include <string>
#include <utility>

namespace bitask::store {

CompactionLock::CompactionLock(io::Folder& folder, std::chrono::milliseconds wait)
    : file_{folder.open_or_create(kCompactionLockFile)} {
    if (!file_->lock(wait)) {
        const auto holder = file_->lock_holder();
        throw Error{ErrorKind::locked,
                    folder.path() + "/" + kCompactionLockFile + ": " +
                        (holder ? "process " + std::to_string(*holder) : "another process") +
                        " compacts the store"};
    }
}

CompactionLock::CompactionLock(std::unique_ptr<io::File> file) : file_{std::move(file)} {}

std::optional<CompactionLock> CompactionLock::try_to_take(const io::Folder& folder) {
    auto file = folder.open(kCompactionLockFile, io::Access::read);
    if (file && !file->lock(std::chrono::milliseconds{0})) {
        return std::nullopt;
    }
    return CompactionLock{std::move(file)};
}

}  // namespace bitask::store
