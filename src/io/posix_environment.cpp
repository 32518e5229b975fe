#include "io/posix_error.hpp"
#include "io/posix_file.hpp"
#include "io/thread_worker.hpp"
#include "io/unique_fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace bitask::io {
namespace {

constexpr mode_t kFileMode = 0666;    // less the user's umask
constexpr mode_t kFolderMode = 0777;  // likewise

// The folder that `path` stands in. An empty path is the current folder.
std::string parent_of(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_folder(int fd, const std::string& path) {
    if (::fsync(fd) == 0) {
        return;
    }
    const int error = errno;
    if (error != EINVAL && error != EROFS) {  // a file system that has nothing to sync
        throw_io("sync", path, error);
    }
}

// Returns errno, 0 when the folder was made.
int make_folder(const std::string& path) {
    return ::mkdir(path.c_str(), kFolderMode) == 0 ? 0 : errno;
}

// getrlimit(2): a process begins with less than it may ask for. True when there was more. Leaves
// errno as it is.
bool may_open_more_files() {
    const int error = errno;
    rlimit limit{};
    bool more = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max;
    if (more) {
        limit.rlim_cur = limit.rlim_max;
        more = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
    }
    errno = error;
    return more;
}

void sync_file_system(const std::string& path) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd || ::syncfs(fd.get()) != 0) {
        const int error = errno;
        throw_io("sync", path, error);
    }
}

// Two numbers from "01234567-89ab-cdef-0123-456789abcdef".
std::optional<SystemRun> parse_uuid(std::string text) {
    std::erase(text, '-');
    constexpr std::size_t kDigits = 16;  // of each number
    if (text.size() < 2 * kDigits) {
        return std::nullopt;
    }
    SystemRun run{};
    for (std::size_t i = 0; i < run.size(); ++i) {
        const char* const begin = text.data() + i * kDigits;
        const auto [end, error] = std::from_chars(begin, begin + kDigits, run[i], 16);
        if (error != std::errc{} || end != begin + kDigits) {
            return std::nullopt;
        }
    }
    return run == SystemRun{} ? std::nullopt : std::optional{run};  // zeros name nothing
}

class PosixFolder : public Folder {
public:
    PosixFolder(UniqueFd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}

    [[nodiscard]] const std::string& path() const noexcept override { return path_; }
    [[nodiscard]] std::vector<std::string> list() const override;

    [[nodiscard]] std::unique_ptr<File> open(std::string_view name, Access access) const override {
        const std::string file{name};
        UniqueFd fd = open_at(file, access == Access::read_write ? O_RDWR : O_RDONLY);
        const int error = errno;
        if (fd) {
            return std::make_unique<PosixFile>(std::move(fd), full(name), access);
        }
        if (error == ENOENT) {
            return nullptr;
        }
        throw_io("open", full(name), error);
    }

    [[nodiscard]] std::unique_ptr<File> create(std::string_view name) override {
        return must_open("create", name, O_RDWR | O_CREAT | O_EXCL);
    }

    [[nodiscard]] std::unique_ptr<File> open_or_create(std::string_view name) override {
        return must_open("open", name, O_RDWR | O_CREAT);
    }

    [[nodiscard]] std::unique_ptr<File> create_unnamed() override;

    [[nodiscard]] std::optional<FileIdentity> identity(std::string_view name) const override {
        struct stat status {};
        if (::fstatat(fd_.get(), std::string{name}.c_str(), &status, 0) == 0) {
            return FileIdentity{static_cast<std::uint64_t>(status.st_dev),
                                static_cast<std::uint64_t>(status.st_ino)};
        }
        const int error = errno;
        if (error == ENOENT) {
            return std::nullopt;
        }
        throw_io("stat", full(name), error);
    }

    void rename(std::string_view from, std::string_view to) override {
        if (::renameat(fd_.get(), std::string{from}.c_str(), fd_.get(), std::string{to}.c_str()) !=
            0) {
            const int error = errno;
            throw_io("rename", full(from), error);
        }
    }

    void remove(std::string_view name) override {
        if (::unlinkat(fd_.get(), std::string{name}.c_str(), 0) != 0) {
            const int error = errno;
            if (error != ENOENT) {
                throw_io("remove", full(name), error);
            }
        }
    }

    void sync() override { sync_folder(fd_.get(), path_); }

private:
    [[nodiscard]] std::string full(std::string_view name) const {
        return path_ + '/' + std::string{name};
    }

    [[nodiscard]] UniqueFd open_at(const std::string& name, int flags) const {
        int fd = -1;
        do {
            fd = ::openat(fd_.get(), name.c_str(), flags | O_CLOEXEC | O_NOCTTY, kFileMode);
        } while (fd < 0 && (errno == EINTR || (errno == EMFILE && may_open_more_files())));
        return above_standard(UniqueFd{fd});
    }

    [[nodiscard]] std::unique_ptr<File> must_open(std::string_view action, std::string_view name,
                                                  int flags) const {
        UniqueFd fd = open_at(std::string{name}, flags);
        const int error = errno;
        if (!fd) {
            throw_io(action, full(name), error);
        }
        return std::make_unique<PosixFile>(std::move(fd), full(name), Access::read_write);
    }

    [[nodiscard]] bool is_regular(const dirent& entry) const {
        if (entry.d_type == DT_REG) {
            return true;
        }
        if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) {
            return false;
        }
        // What cannot be looked at, such as a link that leads nowhere, is not passed over: whoever
        // opens it is told why.
        struct stat status {};
        return ::fstatat(fd_.get(), entry.d_name, &status, 0) != 0 || S_ISREG(status.st_mode);
    }

    UniqueFd fd_;
    std::string path_;
};

std::vector<std::string> PosixFolder::list() const {
    // A descriptor of its own: the position of a listing belongs to the open file.
    UniqueFd fd = open_at(".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{fd ? ::fdopendir(fd.get()) : nullptr,
                                                     &::closedir};
    int error = errno;
    if (!stream) {
        throw_io("list", path_, error);
    }
    fd.release();
    std::vector<std::string> names;
    while (true) {
        errno = 0;
        const dirent* const entry = ::readdir(stream.get());
        error = errno;
        if (entry == nullptr && error != 0) {
            throw_io("list", path_, error);
        }
        if (entry == nullptr) {
            return names;
        }
        if (is_regular(*entry)) {
            names.emplace_back(&entry->d_name[0]);
        }
    }
}

std::unique_ptr<File> PosixFolder::create_unnamed() {
    UniqueFd fd = open_at(".", O_RDWR | O_TMPFILE);
    int error = errno;
    if (!fd && (error == EOPNOTSUPP || error == EISDIR || error == ENOENT)) {
        // A file system without nameless files: take a name and give it up at once. It is a name
        // that writers take for a leftover, should the process be killed in between.
        const std::string name = std::to_string(::getpid()) + ".1.tmp";
        fd = open_at(name, O_RDWR | O_CREAT | O_EXCL);
        error = errno;
        if (fd) {
            remove(name);
        }
    }
    if (!fd) {
        throw_io("create a temporary file in", path_, error);
    }
    return std::make_unique<PosixFile>(std::move(fd), path_ + "/(temporary file)",
                                       Access::read_write);
}

class PosixEnvironment : public Environment {
public:
    [[nodiscard]] std::unique_ptr<Folder> open_folder(const std::string& path) override {
        const int opened = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const int error = errno;
        if (UniqueFd fd = above_standard(UniqueFd{opened})) {
            return std::make_unique<PosixFolder>(std::move(fd), path);
        }
        if (error == ENOENT) {
            return nullptr;
        }
        throw_io("open", path, error);
    }

    void create_folder(const std::string& path) override {
        int error = make_folder(path);
        const std::string parent = parent_of(path);
        if (error == ENOENT && parent != path && parent != ".") {
            create_folder(parent);
            error = make_folder(path);
        }
        if (error != 0 && error != EEXIST) {
            throw_io("create", path, error);
        }
    }

    void sync_path(const std::string& path) override {
        std::string name = path;
        for (std::string parent = parent_of(name); parent != name; parent = parent_of(name)) {
            const UniqueFd fd{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
            const int error = errno;
            if (!fd && error == EACCES) {
                sync_file_system(path);  // a folder that may be passed through but not opened
                return;
            }
            if (!fd) {
                throw_io("open", parent, error);
            }
            sync_folder(fd.get(), parent);
            name = parent;
        }
    }

    [[nodiscard]] std::unique_ptr<Folder> open_scratch_folder() override {
        const char* const named = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
        const std::string path = named == nullptr || *named == '\0' ? "/tmp" : named;
        auto folder = open_folder(path);
        if (!folder) {
            throw_io("open", path, ENOENT);
        }
        return folder;
    }

    [[nodiscard]] std::unique_ptr<Worker> start_worker() override {
        try {
            return std::make_unique<ThreadWorker>();
        } catch (const std::system_error&) {
            return std::make_unique<WorkerAtOnce>();  // slower, and as good
        }
    }

    [[nodiscard]] std::size_t max_open_files() override {
        rlimit limit{};
        return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_max)
                                                       : Environment::max_open_files();
    }

    // proc(5): the file holds a UUID that is another one each time the system starts.
    [[nodiscard]] std::optional<SystemRun> this_run() override {
        const char* const path = "/proc/sys/kernel/random/boot_id";
        const UniqueFd fd{::open(path, O_RDONLY | O_CLOEXEC)};
        if (!fd) {
            return std::nullopt;
        }
        constexpr std::size_t kUuidSize = 36;
        std::string text(kUuidSize, '\0');
        text.resize(read_fully(fd.get(), path, 0, std::as_writable_bytes(std::span{text})));
        return parse_uuid(std::move(text));
    }

    [[nodiscard]] std::uint64_t now_milliseconds() override {
        // A load asks for each record: the time of the system's last tick takes a fifth as long.
        timespec now{};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
        return now.tv_sec < 0 ? 0
                              : static_cast<std::uint64_t>(now.tv_sec) * 1000 +
                                    static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
    }

    void sleep(std::chrono::milliseconds time) override {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
        const timespec duration{.tv_sec = static_cast<time_t>(seconds.count()),
                                .tv_nsec = (time - seconds).count() * 1'000'000};
        ::nanosleep(&duration, nullptr);
    }
};

}  // namespace

Environment& posix_environment() {
    static PosixEnvironment environment;
    return environment;
}

}  // namespace bitask::io
