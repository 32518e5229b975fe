#pragma once

#include "io/environment.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace bitask::test {

// The process was killed. No Error, so that nothing under test can handle it.
struct Crash {};

// A step is a call that changes something. `lookup` calls (open, list, read and the like) are
// steps only where a plan asks for them.
enum class Step { lookup, write, make, change, sync };

enum class Fault {
    crash,       // from this step on nothing happens any more and every call throws Crash
    error_once,  // this step fails with Error (io), all others work
    disk_full,   // this step, and later ones that need space, fail with Error (io)
    disk_dead    // this step, and all later ones, fail with Error (io); lookups go on
};

// How much of its bytes a write has written when it is the step that the fault strikes.
enum class Written { none, half, all };

struct FaultPlan {
    Fault fault = Fault::crash;
    std::uint64_t step = std::numeric_limits<std::uint64_t>::max();  // counted from 0
    Written written = Written::half;
    bool lookups = false;
};

// Any environment, until the step at which the fault of the plan strikes.
class FaultyEnvironment final : public io::Environment {
public:
    FaultyEnvironment(io::Environment& inner, const FaultPlan& plan);
    ~FaultyEnvironment() override;

    std::unique_ptr<io::Folder> open_folder(const std::string& path) override;
    void create_folder(const std::string& path) override;
    void sync_path(const std::string& path) override;
    std::unique_ptr<io::Folder> open_scratch_folder() override;
    std::unique_ptr<io::Worker> start_worker() override;
    std::optional<io::SystemRun> this_run() override;
    std::uint64_t now_milliseconds() override;
    void sleep(std::chrono::milliseconds time) override;

    [[nodiscard]] std::uint64_t steps() const;       // so far
    [[nodiscard]] bool tripped() const;              // the fault has struck
    [[nodiscard]] Step struck() const;               // the kind of step that it struck
    [[nodiscard]] const std::string& where() const;  // the same for people: "sync /kv/17.log"

private:
    class State;
    class FaultyFile;
    class FaultyFolder;

    io::Environment& inner_;
    std::shared_ptr<State> state_;
};

}  // namespace bitask::test
