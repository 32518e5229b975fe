#include "io/file_lock.hpp"

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>

namespace bitask::io {
namespace {

using Catch::Matchers::ContainsSubstring;
using namespace std::chrono_literals;
using test::failure_of;
using test::TemporaryFolder;

// Long enough that a test which really waits for its end is noticed.
constexpr auto kForEver = std::chrono::minutes{10};

int open_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    return fd;
}

// Another process that holds the lock until it is told to go.
class Holder {
public:
    explicit Holder(const std::string& path) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe(ready.data()) == 0);
        REQUIRE(::pipe(leave_.data()) == 0);
        process_ = ::fork();
        if (process_ == 0) {
            const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
            ::close(leave_[1]);
            char byte = ::flock(fd, LOCK_EX) == 0 ? 'y' : 'n';
            (void)(::write(ready[1], &byte, 1) == 1);
            while (::read(leave_[0], &byte, 1) < 0 && errno == EINTR) {
            }
            ::_exit(0);
        }
        ::close(ready[1]);
        ::close(leave_[0]);
        char byte = 'n';
        REQUIRE(::read(ready[0], &byte, 1) == 1);
        ::close(ready[0]);
        REQUIRE(byte == 'y');
    }
    ~Holder() { leave(); }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    void leave() {
        if (process_ > 0) {
            ::close(leave_[1]);
            while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
            }
            process_ = -1;
        }
    }
    // Tells it to go, without waiting until it has gone.
    void dismiss() { (void)(::write(leave_[1], "x", 1) == 1); }

    [[nodiscard]] pid_t process() const { return process_; }

private:
    pid_t process_ = -1;
    std::array<int, 2> leave_{-1, -1};
};

TEST_CASE("a lock that nobody holds is taken at once, and again by who has it") {
    const TemporaryFolder folder;
    const int fd = open_file(folder.path("lock"));
    CHECK(lock_file(fd, "lock", 0ms));
    CHECK(lock_file(fd, "lock", kForEver));
    ::close(fd);
}

TEST_CASE(
    "a lock that is held elsewhere is refused at once without a wait, and after a short one") {
    const TemporaryFolder folder;
    const Holder holder{folder.path("lock")};
    const int fd = open_file(folder.path("lock"));
    CHECK_FALSE(lock_file(fd, "lock", 0ms));
    CHECK_FALSE(lock_file(fd, "lock", 30ms));
    ::close(fd);
}

TEST_CASE("two opens of a file in one process do not share its lock") {
    const TemporaryFolder folder;
    const int first = open_file(folder.path("lock"));
    const int second = open_file(folder.path("lock"));
    CHECK(lock_file(first, "lock", 0ms));
    CHECK_FALSE(lock_file(second, "lock", 0ms));
    ::close(open_file(folder.path("lock")));  // an fcntl lock would now be gone
    CHECK_FALSE(lock_file(second, "lock", 0ms));
    ::close(first);
    CHECK(lock_file(second, "lock", 0ms));
    ::close(second);
}

TEST_CASE("who waits gets the lock when its holder leaves") {
    const TemporaryFolder folder;
    Holder holder{folder.path("lock")};
    const int fd = open_file(folder.path("lock"));
    holder.dismiss();
    CHECK(lock_file(fd, "lock", kForEver));
    ::close(fd);
}

volatile std::sig_atomic_t alarms = 0;
void count_alarm(int /*signal*/) {
    alarms = alarms + 1;
}

TEST_CASE("a wait puts the alarm, its handler, its mask and the timer back") {
    const TemporaryFolder folder;
    const Holder holder{folder.path("lock")};
    const int fd = open_file(folder.path("lock"));

    struct sigaction counting {};
    counting.sa_handler = count_alarm;
    struct sigaction before {};
    ::sigaction(SIGALRM, &counting, &before);
    sigset_t blocked{};
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGALRM);
    sigset_t mask_before{};
    ::sigprocmask(SIG_BLOCK, &blocked, &mask_before);
    const itimerval hour{.it_interval = {}, .it_value = {.tv_sec = 3600, .tv_usec = 0}};
    ::setitimer(ITIMER_REAL, &hour, nullptr);

    CHECK_FALSE(lock_file(fd, "lock", 20ms));  // though the alarm was blocked

    itimerval timer{};
    ::getitimer(ITIMER_REAL, &timer);
    CHECK(timer.it_value.tv_sec > 3000);
    CHECK(timer.it_interval.tv_usec == 0);
    struct sigaction now {};
    ::sigaction(SIGALRM, nullptr, &now);
    CHECK(now.sa_handler == &count_alarm);
    sigset_t mask{};
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    CHECK(::sigismember(&mask, SIGALRM) == 1);

    const itimerval off{};
    ::setitimer(ITIMER_REAL, &off, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_before, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    CHECK(alarms == 0);
    ::close(fd);
}

TEST_CASE("a descriptor that cannot be locked is an error that names the file") {
    const auto failure = failure_of([] { (void)lock_file(-1, "/kv/db.lock", 0ms); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK_THAT(failure.message, ContainsSubstring("lock /kv/db.lock: "));
}

TEST_CASE("the holder of a lock is found where the system tells") {
    const TemporaryFolder folder;
    Holder holder{folder.path("lock")};
    struct stat status {};
    REQUIRE(::stat(folder.path("lock").c_str(), &status) == 0);
    const FileIdentity file{status.st_dev, status.st_ino};
    const auto found = find_lock_holder(file);
    // Some containers hide the table, or the process's number in it.
    CHECK((!found || *found == static_cast<std::uint64_t>(holder.process())));
    holder.leave();
    CHECK_FALSE(find_lock_holder(file));
}

TEST_CASE("a writer that finds the store locked by another process says so") {
    const TemporaryFolder folder;
    const Holder holder{folder.path("db.lock")};
    WriterOptions options;
    options.wait = 0ms;
    const auto failure = failure_of([&] { Writer{folder.path(), options}; });
    CHECK(failure.kind == ErrorKind::locked);
    CHECK_THAT(failure.message, ContainsSubstring(folder.path("db.lock") + ": held by "));
}

TEST_CASE("a lock on a file that was deleted meanwhile does not count") {
    // As the reference does when it closes: the second writer must lock what is there now.
    const TemporaryFolder folder;
    const Holder old_holder{folder.path("db.lock")};
    REQUIRE(::unlink(folder.path("db.lock").c_str()) == 0);
    const Holder new_holder{folder.path("db.lock")};
    WriterOptions options;
    options.wait = 0ms;
    CHECK(failure_of([&] { Writer{folder.path(), options}; }).kind == ErrorKind::locked);
}

}  // namespace
}  // namespace bitask::io
