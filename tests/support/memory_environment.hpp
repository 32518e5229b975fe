#pragma once

#include "io/environment.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::test {

// What a power cut leaves of the creations, renames and removals since a folder's last sync.
enum class Names {
    late,   // none of them
    early,  // all of them, even where the bytes of the file were never synced
    any     // each by chance; changes of one name survive in order, a rename as a whole
};

// What a power cut leaves of the changes to a file since its last sync.
enum class Bytes {
    none,   // nothing: contents and size as of the last sync
    all,    // everything
    half,   // the first half of what is new; behind it whatever the disk held before
    zeros,  // the new size, with zeros where new bytes should be
    any     // each file one of the above, by chance
};

struct PowerCut {
    Names names = Names::late;
    Bytes bytes = Bytes::none;
    std::uint64_t seed = 0;  // for `any`
};

[[nodiscard]] std::string describe(const PowerCut& cut);

// Every pure combination, and some drawn by chance from `seed` on.
[[nodiscard]] std::vector<PowerCut> all_power_cuts(std::uint64_t seed);

// A disk in memory, with folders, files, locks, and a clock that stands still unless it is told
// otherwise. Remembers what was synced, so that it can tell what a power cut would leave.
class MemoryEnvironment final : public io::Environment {
public:
    static constexpr std::uint64_t kStart = 1'700'000'000'000;  // where the clock begins

    MemoryEnvironment();
    ~MemoryEnvironment() override;
    MemoryEnvironment(MemoryEnvironment&&) noexcept;
    MemoryEnvironment& operator=(MemoryEnvironment&&) noexcept;

    std::unique_ptr<io::Folder> open_folder(const std::string& path) override;
    void create_folder(const std::string& path) override;
    void sync_path(const std::string& path) override;
    std::unique_ptr<io::Folder> open_scratch_folder() override;
    std::unique_ptr<io::Worker> start_worker() override;
    std::optional<io::SystemRun> this_run() override;
    std::uint64_t now_milliseconds() override;
    void sleep(std::chrono::milliseconds time) override;

    // A disk of its own as it is when every process that used this one is gone: all bytes and
    // names are there, no lock is held, and what was not synced is still not synced.
    [[nodiscard]] MemoryEnvironment after_kill() const;

    // A disk of its own with what is left after a power cut; all of it counts as synced.
    [[nodiscard]] MemoryEnvironment after_power_cut(const PowerCut& cut) const;

    void set_clock(std::uint64_t milliseconds);  // backwards, too

    // What `mkdir` in a shell does: nobody has synced the folder's name.
    void make_folder(const std::string& path);

    // Changes one byte behind everybody's back, as a failing disk does.
    void flip(const std::string& folder, std::string_view name, std::uint64_t offset,
              std::uint8_t mask);

    // The most that the disk has ever been told to begin with, while nobody waited for it. In
    // bytes.
    [[nodiscard]] std::uint64_t largest_backlog() const;

private:
    struct Disk;
    class OpenFile;
    class OpenFolder;

    std::shared_ptr<Disk> disk_;
};

}  // namespace bitask::test
