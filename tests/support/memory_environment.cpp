#include "support/memory_environment.hpp"

#include "bitask/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <utility>

namespace bitask::test {

namespace {

constexpr std::uint64_t kDevice = 1;
constexpr std::uint64_t kProcess = 4711;  // whoever holds a lock

// What the disk has been told to begin with, and nobody has waited for.
struct Backlog {
    std::uint64_t bytes = 0;
    std::uint64_t most = 0;
};

struct Inode {
    std::uint64_t number = 0;
    std::string bytes;
    std::string synced;
    const void* lock_owner = nullptr;  // the open file that holds the lock
    std::shared_ptr<Backlog> backlog;  // of all files
    std::uint64_t begun_end = 0;       // the disk has been told of what is before it
    std::uint64_t waited_end = 0;      // and somebody has waited for what is before this
};

using InodePtr = std::shared_ptr<Inode>;
using Entries = std::map<std::string, InodePtr, std::less<>>;

// One step in the history of a folder: names and what they stand for from then on, null for a
// name that is gone. A rename sets two names at once.
using NameChange = std::vector<std::pair<std::string, InodePtr>>;

struct Directory {
    std::string path;
    bool name_synced = false;
    Entries entries;
    Entries synced_entries;
    std::vector<NameChange> unsynced;

    void change(NameChange change) {
        apply(change, entries);
        unsynced.push_back(std::move(change));
    }

    static void apply(const NameChange& change, Entries& entries) {
        for (const auto& [name, inode] : change) {
            if (inode) {
                entries[name] = inode;
            } else {
                entries.erase(name);
            }
        }
    }
};

using DirectoryPtr = std::shared_ptr<Directory>;

[[noreturn]] void refuse(std::string_view action, const std::string& path, std::string_view why) {
    throw Error{ErrorKind::io, std::string{action} + " " + path + ": " + std::string{why}};
}

std::string without_trailing_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return path;
}

// Each folder on the way, the outermost first, `path` itself last.
std::vector<std::string> folders_down_to(const std::string& path) {
    std::vector<std::string> folders;
    for (std::size_t end = path.find('/', 1); end != std::string::npos;
         end = path.find('/', end + 1)) {
        folders.push_back(path.substr(0, end));
    }
    folders.push_back(path);
    return folders;
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string surviving_bytes(const Inode& inode, Bytes mode) {
    const std::string& now = inode.bytes;
    const std::string& old = inode.synced;
    switch (mode) {
        case Bytes::all: return now;
        case Bytes::zeros: {
            std::string mixed = old;
            mixed.resize(now.size(), '\0');
            return mixed;
        }
        case Bytes::half: {
            const auto same = std::ranges::mismatch(now, old).in1 - now.begin();
            const auto first_new = static_cast<std::size_t>(same);
            std::string mixed = now.substr(0, first_new + (now.size() - first_new) / 2);
            if (old.size() > mixed.size()) {
                mixed += old.substr(mixed.size());
            }
            return mixed;
        }
        case Bytes::none:
        case Bytes::any: break;
    }
    return old;
}

Entries surviving_entries(const Directory& folder, Names mode, std::mt19937_64& chance) {
    switch (mode) {
        case Names::late: return folder.synced_entries;
        case Names::early: return folder.entries;
        case Names::any: break;
    }
    Entries entries = folder.synced_entries;
    std::set<std::string> lost;  // names that have missed a change miss all later ones
    for (const NameChange& change : folder.unsynced) {
        const bool may_survive = std::ranges::none_of(
            change, [&](const auto& setting) { return lost.contains(setting.first); });
        if (may_survive && chance() % 2 == 0) {
            Directory::apply(change, entries);
        } else {
            for (const auto& [name, inode] : change) {
                lost.insert(name);
            }
        }
    }
    return entries;
}

// Copies files so that names that shared one file share its copy.
class FileCopies {
public:
    using CopyOne = std::function<InodePtr(const Inode&)>;

    explicit FileCopies(CopyOne copy_one) : copy_one_{std::move(copy_one)} {}

    InodePtr operator()(const InodePtr& original) {
        if (!original) {
            return nullptr;
        }
        InodePtr& copy = copies_[original.get()];
        if (!copy) {
            copy = copy_one_(*original);
        }
        return copy;
    }

    Entries operator()(const Entries& originals) {
        Entries copies;
        for (const auto& [name, inode] : originals) {
            copies.emplace(name, (*this)(inode));
        }
        return copies;
    }

private:
    CopyOne copy_one_;
    std::map<const Inode*, InodePtr> copies_;
};

}  // namespace

struct MemoryEnvironment::Disk {
    std::map<std::string, DirectoryPtr> folders;
    std::uint64_t run = 1;  // of the system
    std::uint64_t clock = kStart;
    std::uint64_t inodes = 0;
    std::shared_ptr<Backlog> backlog = std::make_shared<Backlog>();

    InodePtr new_file() {
        auto inode = std::make_shared<Inode>();
        inode->number = ++inodes;
        inode->backlog = backlog;
        return inode;
    }
};

// Shows the bytes that a file had when it was mapped.
class MappedCopy final : public io::Mapping {
public:
    explicit MappedCopy(std::string bytes) : bytes_{std::move(bytes)} {}

    std::span<const std::byte> bytes() const noexcept override {
        return std::as_bytes(std::span{bytes_});
    }

private:
    std::string bytes_;
};

class MemoryEnvironment::OpenFile final : public io::File {
public:
    OpenFile(std::string path, InodePtr inode, io::Access access)
        : path_{std::move(path)}, inode_{std::move(inode)}, access_{access} {}

    ~OpenFile() override {
        if (inode_->lock_owner == this) {
            inode_->lock_owner = nullptr;
        }
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override {
        const std::string& bytes = inode_->bytes;
        if (offset >= bytes.size() || out.empty()) {
            return 0;
        }
        const auto begin = static_cast<std::size_t>(offset);
        const std::size_t size = std::min(out.size(), bytes.size() - begin);
        std::memcpy(out.data(), bytes.data() + begin, size);
        return size;
    }

    std::unique_ptr<io::Mapping> map() const override {
        if (access_ != io::Access::read_fixed || inode_->bytes.empty()) {
            return nullptr;
        }
        return std::make_unique<MappedCopy>(inode_->bytes);
    }

    void write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        need_write_access("write");
        if (bytes.empty()) {
            return;
        }
        std::string& stored = inode_->bytes;
        const auto begin = static_cast<std::size_t>(offset);
        stored.resize(std::max(stored.size(), begin + bytes.size()));
        std::memcpy(stored.data() + begin, bytes.data(), bytes.size());
    }

    void truncate(std::uint64_t size) override {
        need_write_access("truncate");
        inode_->bytes.resize(static_cast<std::size_t>(size));
    }

    void sync() override { inode_->synced = inode_->bytes; }

    void begin_sync() override {
        const std::uint64_t end = std::max<std::uint64_t>(inode_->bytes.size(), inode_->begun_end);
        inode_->backlog->bytes += end - inode_->begun_end;
        inode_->backlog->most = std::max(inode_->backlog->most, inode_->backlog->bytes);
        inode_->begun_end = end;
    }

    void wait_for_begun(std::uint64_t end) const override {
        end = std::min(end, inode_->begun_end);
        if (end > inode_->waited_end) {
            inode_->backlog->bytes -= end - inode_->waited_end;
            inode_->waited_end = end;
        }
    }

    std::uint64_t size() const override { return inode_->bytes.size(); }
    io::FileIdentity identity() const override { return {kDevice, inode_->number}; }

    // Whoever holds the lock cannot let go while the caller waits: there is only one thread.
    bool lock(std::chrono::milliseconds) override {
        if (inode_->lock_owner == nullptr) {
            inode_->lock_owner = this;
        }
        return inode_->lock_owner == this;
    }

    std::optional<std::uint64_t> lock_holder() const override {
        return inode_->lock_owner == nullptr ? std::nullopt : std::optional{kProcess};
    }

private:
    void need_write_access(std::string_view action) const {
        if (access_ != io::Access::read_write) {
            refuse(action, path_, "Bad file descriptor");
        }
    }

    std::string path_;
    InodePtr inode_;
    io::Access access_;
};

class MemoryEnvironment::OpenFolder final : public io::Folder {
public:
    OpenFolder(std::shared_ptr<Disk> disk, DirectoryPtr folder)
        : disk_{std::move(disk)}, folder_{std::move(folder)} {}

    const std::string& path() const noexcept override { return folder_->path; }

    std::vector<std::string> list() const override {
        std::vector<std::string> names;
        for (const auto& [name, inode] : folder_->entries) {
            names.push_back(name);
        }
        return names;
    }

    std::unique_ptr<io::File> open(std::string_view name, io::Access access) const override {
        const InodePtr inode = find(name);
        return inode ? std::make_unique<OpenFile>(path_of(name), inode, access) : nullptr;
    }

    std::unique_ptr<io::File> create(std::string_view name) override {
        if (find(name)) {
            refuse("create", path_of(name), "File exists");
        }
        const InodePtr inode = disk_->new_file();
        folder_->change({{std::string{name}, inode}});
        return std::make_unique<OpenFile>(path_of(name), inode, io::Access::read_write);
    }

    std::unique_ptr<io::File> open_or_create(std::string_view name) override {
        return find(name) ? open(name, io::Access::read_write) : create(name);
    }

    std::unique_ptr<io::File> create_unnamed() override {
        return std::make_unique<OpenFile>(path() + "/(unnamed)", disk_->new_file(),
                                          io::Access::read_write);
    }

    std::optional<io::FileIdentity> identity(std::string_view name) const override {
        const InodePtr inode = find(name);
        return inode ? std::optional{io::FileIdentity{kDevice, inode->number}} : std::nullopt;
    }

    void rename(std::string_view from, std::string_view to) override {
        const InodePtr inode = find(from);
        if (!inode) {
            refuse("rename", path_of(from), "No such file or directory");
        }
        if (from != to) {
            folder_->change({{std::string{from}, nullptr}, {std::string{to}, inode}});
        }
    }

    void remove(std::string_view name) override {
        if (find(name)) {
            folder_->change({{std::string{name}, nullptr}});
        }
    }

    void sync() override {
        folder_->synced_entries = folder_->entries;
        folder_->unsynced.clear();
    }

private:
    InodePtr find(std::string_view name) const {
        const auto found = folder_->entries.find(name);
        return found == folder_->entries.end() ? nullptr : found->second;
    }

    std::string path_of(std::string_view name) const { return path() + "/" + std::string{name}; }

    std::shared_ptr<Disk> disk_;
    DirectoryPtr folder_;
};

MemoryEnvironment::MemoryEnvironment() : disk_{std::make_shared<Disk>()} {
    make_folder("/");
    sync_path("/");
}

MemoryEnvironment::~MemoryEnvironment() = default;
MemoryEnvironment::MemoryEnvironment(MemoryEnvironment&&) noexcept = default;
MemoryEnvironment& MemoryEnvironment::operator=(MemoryEnvironment&&) noexcept = default;

std::unique_ptr<io::Folder> MemoryEnvironment::open_scratch_folder() {
    make_folder("/scratch");
    return open_folder("/scratch");
}

std::unique_ptr<io::Folder> MemoryEnvironment::open_folder(const std::string& path) {
    const auto found = disk_->folders.find(without_trailing_slash(path));
    return found == disk_->folders.end() ? nullptr
                                         : std::make_unique<OpenFolder>(disk_, found->second);
}

void MemoryEnvironment::create_folder(const std::string& path) {
    for (const std::string& folder : folders_down_to(without_trailing_slash(path))) {
        if (!disk_->folders.contains(folder)) {
            make_folder(folder);
        }
    }
}

void MemoryEnvironment::sync_path(const std::string& path) {
    for (const std::string& folder : folders_down_to(without_trailing_slash(path))) {
        const auto found = disk_->folders.find(folder);
        if (found == disk_->folders.end()) {
            refuse("sync", folder, "No such file or directory");
        }
        found->second->name_synced = true;
    }
}

std::unique_ptr<io::Worker> MemoryEnvironment::start_worker() {
    return std::make_unique<io::WorkerAtOnce>();
}

std::optional<io::SystemRun> MemoryEnvironment::this_run() {
    return io::SystemRun{disk_->run, 1};
}

std::uint64_t MemoryEnvironment::now_milliseconds() {
    return disk_->clock;
}

void MemoryEnvironment::sleep(std::chrono::milliseconds time) {
    disk_->clock += static_cast<std::uint64_t>(time.count());
}

MemoryEnvironment MemoryEnvironment::after_kill() const {
    FileCopies copy{[](const Inode& inode) {
        auto file = std::make_shared<Inode>(inode);
        file->lock_owner = nullptr;
        return file;
    }};
    MemoryEnvironment world;
    world.disk_->run = disk_->run;
    world.disk_->clock = disk_->clock;
    world.disk_->inodes = disk_->inodes;
    for (const auto& [path, folder] : disk_->folders) {
        auto survivor =
            std::make_shared<Directory>(Directory{path, folder->name_synced, copy(folder->entries),
                                                  copy(folder->synced_entries), folder->unsynced});
        for (NameChange& change : survivor->unsynced) {
            for (auto& [name, inode] : change) {
                inode = copy(inode);
            }
        }
        world.disk_->folders[path] = survivor;
    }
    return world;
}

MemoryEnvironment MemoryEnvironment::after_power_cut(const PowerCut& cut) const {
    std::mt19937_64 chance{cut.seed};
    FileCopies copy{[&](const Inode& inode) {
        const Bytes mode = cut.bytes == Bytes::any ? static_cast<Bytes>(chance() % 4) : cut.bytes;
        auto file = std::make_shared<Inode>();
        file->number = inode.number;
        file->bytes = surviving_bytes(inode, mode);
        file->synced = file->bytes;
        file->backlog = inode.backlog;
        return file;
    }};
    MemoryEnvironment world;
    world.disk_->run = disk_->run + 1;
    world.disk_->clock = disk_->clock;
    world.disk_->inodes = disk_->inodes;
    for (const auto& [path, folder] : disk_->folders) {
        const bool name_survives = folder->name_synced || cut.names == Names::early ||
                                   (cut.names == Names::any && chance() % 2 == 0);
        if (name_survives && world.disk_->folders.contains(parent_of(path))) {
            const Entries entries = copy(surviving_entries(*folder, cut.names, chance));
            world.disk_->folders[path] =
                std::make_shared<Directory>(Directory{path, true, entries, entries, {}});
        }
    }
    return world;
}

std::uint64_t MemoryEnvironment::largest_backlog() const {
    return disk_->backlog->most;
}

void MemoryEnvironment::set_clock(std::uint64_t milliseconds) {
    disk_->clock = milliseconds;
}

void MemoryEnvironment::make_folder(const std::string& path) {
    auto folder = std::make_shared<Directory>();
    folder->path = without_trailing_slash(path);
    if (folder->path != "/" && !disk_->folders.contains(parent_of(folder->path))) {
        refuse("create", path, "No such file or directory");
    }
    disk_->folders.emplace(folder->path, folder);
}

void MemoryEnvironment::flip(const std::string& folder, std::string_view name, std::uint64_t offset,
                             std::uint8_t mask) {
    const Entries& entries = disk_->folders.at(without_trailing_slash(folder))->entries;
    char& byte = entries.find(name)->second->bytes.at(static_cast<std::size_t>(offset));
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ mask);
}

std::string describe(const PowerCut& cut) {
    static constexpr std::array kNames = {"late", "early", "any"};
    static constexpr std::array kBytes = {"none", "all", "half", "zeros", "any"};
    return std::string{"names "} + kNames[static_cast<std::size_t>(cut.names)] + ", bytes " +
           kBytes[static_cast<std::size_t>(cut.bytes)] + ", seed " + std::to_string(cut.seed);
}

std::vector<PowerCut> all_power_cuts(std::uint64_t seed) {
    std::vector<PowerCut> cuts;
    for (const Names names : {Names::late, Names::early}) {
        for (const Bytes bytes : {Bytes::none, Bytes::all, Bytes::half, Bytes::zeros}) {
            cuts.push_back({names, bytes, 0});
        }
    }
    constexpr std::uint64_t kDrawn = 4;
    for (std::uint64_t i = 0; i < kDrawn; ++i) {
        cuts.push_back({Names::any, Bytes::any, seed * kDrawn + i});
    }
    return cuts;
}

}  // namespace bitask::test
