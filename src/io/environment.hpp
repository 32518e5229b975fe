#pragma once

#include "io/worker.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The seam to the operating system. Everything above it reaches files, folders, the lock and the
// clock through these classes alone, so that a test can put a memory disk, a failing disk or a
// clock that runs backwards in their place. All functions throw Error (io) when the system
// refuses; the message names the action, the path and the system's reason.
namespace bitask::io {

// Tells whether two names, or a name and an open file, are the same file.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Bytes of a file, shown where the system has them in memory. Lasts as long as this object,
// also when the file is closed or removed.
//
// There is no error to report when such bytes can no longer be read, because the disk fails or
// another program has made the file shorter: the process then gets the signal SIGBUS.
class Mapping {
public:
    virtual ~Mapping() = default;
    [[nodiscard]] virtual std::span<const std::byte> bytes() const noexcept = 0;
};

// An open file; closed when destroyed.
class File {
public:
    virtual ~File() = default;

    // Fills `out` from `offset` on; fewer bytes than asked for only at the end of the file.
    [[nodiscard]] virtual std::size_t read(std::uint64_t offset,
                                           std::span<std::byte> out) const = 0;

    // All its bytes, without a copy. Null when that is not to be had, for whatever reason, as for
    // all files but those that were opened as fixed: others may become shorter at any time. read()
    // can tell more.
    [[nodiscard]] virtual std::unique_ptr<Mapping> map() const { return nullptr; }

    // The bytes that need not be read, as they are in memory already, from the file's beginning on:
    // of a file that was opened in a MappedFolder.
    [[nodiscard]] virtual std::span<const std::byte> in_memory() const noexcept { return {}; }

    // Writes all the bytes or throws; then any prefix of them may be in the file.
    virtual void write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    virtual void truncate(std::uint64_t size) = 0;

    // When it returns, the contents and the size survive a power cut (the name: Folder::sync).
    virtual void sync() = 0;

    // Lets the system begin to write what a later sync() would have to wait for; the other one
    // waits until that is done as far as `end`, so that the disk does not have more and more to do.
    // No promise: a sync() has to come all the same. But what they throw must not be passed over:
    // the system may tell of a failed write once, and then sync() does not hear of it.
    virtual void begin_sync() {}
    virtual void wait_for_begun(std::uint64_t /*end*/) const {}

    // Tells the system that nobody will want its contents soon, so that it need not keep them in
    // memory. Help alone.
    virtual void forget() const noexcept {}

    [[nodiscard]] virtual std::uint64_t size() const = 0;
    [[nodiscard]] virtual FileIdentity identity() const = 0;

    // Takes the exclusive lock of the whole file, waiting so long at the most. False when someone
    // else held it for all that time. Closing the file gives the lock back.
    [[nodiscard]] virtual bool lock(std::chrono::milliseconds wait) = 0;

    // The process that holds the lock, where the system tells.
    [[nodiscard]] virtual std::optional<std::uint64_t> lock_holder() const = 0;
};

enum class Access {
    read,
    read_fixed,  // as read, of a file that nobody changes any more
    read_write,
};

// An open folder, in which files are known by plain names.
class Folder {
public:
    virtual ~Folder() = default;

    [[nodiscard]] virtual const std::string& path() const noexcept = 0;  // for messages

    // Names of regular files (links to them included), in no order. What is created, renamed or
    // removed meanwhile may be missing.
    [[nodiscard]] virtual std::vector<std::string> list() const = 0;

    // Null when there is no such file.
    [[nodiscard]] virtual std::unique_ptr<File> open(std::string_view name,
                                                     Access access) const = 0;

    // A new, empty file; one of that name must not exist.
    [[nodiscard]] virtual std::unique_ptr<File> create(std::string_view name) = 0;

    // Opens the file, or creates it empty, in one step.
    [[nodiscard]] virtual std::unique_ptr<File> open_or_create(std::string_view name) = 0;

    // A file without a name, gone when it is closed.
    [[nodiscard]] virtual std::unique_ptr<File> create_unnamed() = 0;

    [[nodiscard]] virtual std::optional<FileIdentity> identity(std::string_view name) const = 0;

    virtual void rename(std::string_view from, std::string_view to) = 0;  // replaces `to`
    virtual void remove(std::string_view name) = 0;  // no error when it is gone already

    // When it returns, all creations, renames and removals in this folder survive a power cut.
    virtual void sync() = 0;
};

// Names one run of the system, from its start to its end.
using SystemRun = std::array<std::uint64_t, 2>;

class Environment {
public:
    virtual ~Environment() = default;

    // Null when there is nothing at that path.
    [[nodiscard]] virtual std::unique_ptr<Folder> open_folder(const std::string& path) = 0;

    // Creates the folder and those above it that are missing. No error when it exists.
    virtual void create_folder(const std::string& path) = 0;

    // Makes the folder's own name survive a power cut, and those of the folders above it.
    virtual void sync_path(const std::string& path) = 0;

    // Where files without names may be made that are no part of any store.
    [[nodiscard]] virtual std::unique_ptr<Folder> open_scratch_folder() = 0;

    // Someone to do tasks beside the caller, where the machine allows.
    [[nodiscard]] virtual std::unique_ptr<Worker> start_worker() = 0;

    // The present run: until it ends, what was written is there, synced or not. Nothing where the
    // system does not tell.
    [[nodiscard]] virtual std::optional<SystemRun> this_run() = 0;

    // By this process, at once.
    [[nodiscard]] virtual std::size_t max_open_files() { return 1024; }

    [[nodiscard]] virtual std::uint64_t now_milliseconds() = 0;  // since the epoch, by the clock
    virtual void sleep(std::chrono::milliseconds time) = 0;
};

// The operating system itself.
[[nodiscard]] Environment& posix_environment();

}  // namespace bitask::io
