#include "support/faulty_environment.hpp"

#include "bitask/error.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace bitask::test {

class FaultyEnvironment::State {
public:
    explicit State(const FaultPlan& plan) : plan_{plan} {}

    // To be called ahead of every call of the inner environment; throws instead of it. `partly`
    // does what a step that fails has done all the same.
    void enter(
        Step step, std::string_view action, const std::string& path,
        const std::function<void()>& partly = [] {}) {
        if (tripped_ && plan_.fault == Fault::crash) {
            throw Crash{};
        }
        if (step == Step::lookup && !plan_.lookups) {
            return;
        }
        const std::string call = std::string{action} + " " + path;
        if (steps_++ == plan_.step) {
            tripped_ = true;
            struck_ = step;
            where_ = call;
            partly();
            if (plan_.fault == Fault::crash) {
                throw Crash{};
            }
            refuse(call);
        }
        if (tripped_ && still_fails(step)) {
            refuse(call);
        }
    }

    // What is left of a write that fails or is interrupted.
    [[nodiscard]] std::size_t written(std::size_t size) const {
        switch (plan_.written) {
            case Written::none: return 0;
            case Written::half: return size / 2;
            case Written::all: break;
        }
        return size;
    }

    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    [[nodiscard]] bool tripped() const { return tripped_; }
    [[nodiscard]] Step struck() const { return struck_; }
    [[nodiscard]] const std::string& where() const { return where_; }

private:
    [[nodiscard]] bool still_fails(Step step) const {
        if (plan_.fault == Fault::disk_full) {
            return step == Step::write || step == Step::make;
        }
        return plan_.fault == Fault::disk_dead && step != Step::lookup;
    }

    [[noreturn]] void refuse(const std::string& call) const {
        const bool full = plan_.fault == Fault::disk_full;
        throw Error{ErrorKind::io, call + (full ? ": No space left on device (injected)"
                                                : ": Input/output error (injected)")};
    }

    FaultPlan plan_;
    std::uint64_t steps_ = 0;
    bool tripped_ = false;
    Step struck_ = Step::lookup;
    std::string where_;
};

class FaultyEnvironment::FaultyFile final : public io::File {
public:
    FaultyFile(std::unique_ptr<io::File> inner, std::shared_ptr<State> state, std::string path)
        : inner_{std::move(inner)}, state_{std::move(state)}, path_{std::move(path)} {}

    std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override {
        state_->enter(Step::lookup, "read", path_);
        return inner_->read(offset, out);
    }

    std::unique_ptr<io::Mapping> map() const override {
        state_->enter(Step::lookup, "map", path_);
        return inner_->map();
    }

    void write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        state_->enter(Step::write, "write", path_,
                      [&] { inner_->write(offset, bytes.first(state_->written(bytes.size()))); });
        inner_->write(offset, bytes);
    }

    void truncate(std::uint64_t size) override {
        state_->enter(Step::change, "truncate", path_);
        inner_->truncate(size);
    }

    void sync() override {
        state_->enter(Step::sync, "sync", path_);
        inner_->sync();
    }

    void begin_sync() override {
        state_->enter(Step::sync, "begin to sync", path_);
        inner_->begin_sync();
    }

    void wait_for_begun(std::uint64_t end) const override {
        state_->enter(Step::sync, "wait for", path_);
        inner_->wait_for_begun(end);
    }

    void forget() const noexcept override { inner_->forget(); }

    std::uint64_t size() const override {
        state_->enter(Step::lookup, "look at the size of", path_);
        return inner_->size();
    }

    io::FileIdentity identity() const override {
        state_->enter(Step::lookup, "look at", path_);
        return inner_->identity();
    }

    bool lock(std::chrono::milliseconds wait) override {
        state_->enter(Step::lookup, "lock", path_);
        return inner_->lock(wait);
    }

    std::optional<std::uint64_t> lock_holder() const override {
        state_->enter(Step::lookup, "look for the lock of", path_);
        return inner_->lock_holder();
    }

private:
    std::unique_ptr<io::File> inner_;
    std::shared_ptr<State> state_;
    std::string path_;
};

class FaultyEnvironment::FaultyFolder final : public io::Folder {
public:
    FaultyFolder(std::unique_ptr<io::Folder> inner, std::shared_ptr<State> state)
        : inner_{std::move(inner)}, state_{std::move(state)} {}

    const std::string& path() const noexcept override { return inner_->path(); }

    std::vector<std::string> list() const override {
        state_->enter(Step::lookup, "list", path());
        return inner_->list();
    }

    std::unique_ptr<io::File> open(std::string_view name, io::Access access) const override {
        state_->enter(Step::lookup, "open", path_of(name));
        return wrap(inner_->open(name, access), name);
    }

    std::unique_ptr<io::File> create(std::string_view name) override {
        state_->enter(Step::make, "create", path_of(name));
        return wrap(inner_->create(name), name);
    }

    std::unique_ptr<io::File> open_or_create(std::string_view name) override {
        if (inner_->identity(name)) {
            state_->enter(Step::lookup, "open", path_of(name));
        } else {
            state_->enter(Step::make, "create", path_of(name));
        }
        return wrap(inner_->open_or_create(name), name);
    }

    std::unique_ptr<io::File> create_unnamed() override {
        state_->enter(Step::make, "create", path_of("(unnamed)"));
        return wrap(inner_->create_unnamed(), "(unnamed)");
    }

    std::optional<io::FileIdentity> identity(std::string_view name) const override {
        state_->enter(Step::lookup, "look at", path_of(name));
        return inner_->identity(name);
    }

    void rename(std::string_view from, std::string_view to) override {
        state_->enter(Step::change, "rename", path_of(from) + " to " + std::string{to});
        inner_->rename(from, to);
    }

    void remove(std::string_view name) override {
        state_->enter(Step::change, "remove", path_of(name));
        inner_->remove(name);
    }

    void sync() override {
        state_->enter(Step::sync, "sync", path());
        inner_->sync();
    }

private:
    std::unique_ptr<io::File> wrap(std::unique_ptr<io::File> file, std::string_view name) const {
        if (!file) {
            return nullptr;
        }
        return std::make_unique<FaultyFile>(std::move(file), state_, path_of(name));
    }

    std::string path_of(std::string_view name) const { return path() + "/" + std::string{name}; }

    std::unique_ptr<io::Folder> inner_;
    std::shared_ptr<State> state_;
};

FaultyEnvironment::FaultyEnvironment(io::Environment& inner, const FaultPlan& plan)
    : inner_{inner}, state_{std::make_shared<State>(plan)} {}

FaultyEnvironment::~FaultyEnvironment() = default;

std::unique_ptr<io::Folder> FaultyEnvironment::open_scratch_folder() {
    return inner_.open_scratch_folder();
}

std::unique_ptr<io::Folder> FaultyEnvironment::open_folder(const std::string& path) {
    state_->enter(Step::lookup, "open", path);
    std::unique_ptr<io::Folder> folder = inner_.open_folder(path);
    return folder ? std::make_unique<FaultyFolder>(std::move(folder), state_) : nullptr;
}

void FaultyEnvironment::create_folder(const std::string& path) {
    state_->enter(Step::make, "create", path);
    inner_.create_folder(path);
}

void FaultyEnvironment::sync_path(const std::string& path) {
    state_->enter(Step::sync, "sync the path of", path);
    inner_.sync_path(path);
}

std::unique_ptr<io::Worker> FaultyEnvironment::start_worker() {
    return std::make_unique<io::WorkerAtOnce>();
}

std::optional<io::SystemRun> FaultyEnvironment::this_run() {
    state_->enter(Step::lookup, "ask for the run of the system", "");
    return inner_.this_run();
}

std::uint64_t FaultyEnvironment::now_milliseconds() {
    state_->enter(Step::lookup, "look at the clock", "");
    return inner_.now_milliseconds();
}

void FaultyEnvironment::sleep(std::chrono::milliseconds time) {
    state_->enter(Step::lookup, "sleep", "");
    inner_.sleep(time);
}

std::uint64_t FaultyEnvironment::steps() const {
    return state_->steps();
}
bool FaultyEnvironment::tripped() const {
    return state_->tripped();
}
Step FaultyEnvironment::struck() const {
    return state_->struck();
}
const std::string& FaultyEnvironment::where() const {
    return state_->where();
}

}  // namespace bitask::test
