#include "io/write_behind.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <utility>

namespace bitask::io {
namespace {

constexpr std::size_t kMaxPiece = 1024 * 1024;

// Bytes that the disk is given at a time. It has two such parts to do, and is never idle: with four
// of them compactions were no faster.
constexpr std::uint64_t kPart = 4 * 1024 * 1024;

}  // namespace

// What tasks need of a file, for as long as there are any.
class WriteBehindFolder::FileState {
public:
    explicit FileState(std::unique_ptr<File> inner) : file_{std::move(inner)} {}

    void begin_task() {
        const std::lock_guard lock{mutex_};
        ++tasks_;
    }

    // By the worker. After a failure nothing more is done.
    template <class Action>
    void do_task(Action action) {
        std::unique_lock lock{mutex_};
        if (!failure_) {
            lock.unlock();
            std::exception_ptr failure;
            try {
                action();
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            keep(failure);
        }
        --tasks_;
        changed_.notify_all();
    }

    // By the worker: as if a task had failed.
    void fail(const std::exception_ptr& failure) {
        const std::lock_guard lock{mutex_};
        keep(failure);
    }

    void check() const {
        const std::lock_guard lock{mutex_};
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

    // Waits until all tasks are done.
    void settle() const {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return tasks_ == 0; });
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

    [[nodiscard]] File& file() const noexcept { return *file_; }

    // By the worker: whether enough has been written for the disk to begin with it.
    [[nodiscard]] bool has_part(std::size_t written) noexcept {
        unbegun_ += written;
        return unbegun_ >= kPart;
    }
    void begun() noexcept { unbegun_ = 0; }

private:
    // The first one is the one to be told.
    void keep(const std::exception_ptr& failure) {
        if (!failure_) {
            failure_ = failure;
        }
    }

    std::unique_ptr<File> file_;
    std::uint64_t unbegun_ = 0;  // bytes
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::size_t tasks_ = 0;  // that have been given
    std::exception_ptr failure_;
};

class WriteBehindFolder::WrittenFile final : public File {
public:
    enum class Use { to_be_synced, scratch };

    WrittenFile(WriteBehindFolder& folder, std::unique_ptr<File> file, Use use)
        : folder_{folder}, state_{std::make_shared<FileState>(std::move(file))}, use_{use} {}

    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override {
        state_->settle();
        return state_->file().read(offset, out);
    }

    void write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        state_->check();
        size_ = std::max(size_, offset + bytes.size());
        while (!bytes.empty()) {
            const auto piece = bytes.first(std::min(bytes.size(), kMaxPiece));
            // Shared, since a task has to be copyable.
            const auto buffer = std::make_shared<std::vector<std::byte>>(folder_.buffers_.take());
            buffer->assign(piece.begin(), piece.end());
            give([buffer, offset, use = use_, &folder = folder_](const StatePtr& state) {
                state->file().write(offset, *buffer);
                if (use == Use::to_be_synced && state->has_part(buffer->size())) {
                    folder.begin_sync(state, offset + buffer->size());
                }
                folder.buffers_.give_back(std::move(*buffer));
            });
            offset += piece.size();
            bytes = bytes.subspan(piece.size());
        }
    }

    void truncate(std::uint64_t size) override {
        state_->settle();
        state_->file().truncate(size);
        size_ = size;
    }

    void sync() override {
        give([](const StatePtr& state) { state->file().sync(); });
        state_->settle();
    }

    void begin_sync() override {
        give([size = size_, &folder = folder_](const StatePtr& state) {
            folder.begin_sync(state, size);
        });
    }

    void forget() const noexcept override { state_->file().forget(); }

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] FileIdentity identity() const override { return state_->file().identity(); }
    [[nodiscard]] bool lock(std::chrono::milliseconds wait) override {
        return state_->file().lock(wait);
    }
    [[nodiscard]] std::optional<std::uint64_t> lock_holder() const override {
        return state_->file().lock_holder();
    }

private:
    using StatePtr = std::shared_ptr<FileState>;

    template <class Action>
    void give(Action action) {
        std::function<void()> task = [state = state_, action] {
            state->do_task([&] { action(state); });
        };
        state_->begin_task();
        folder_.worker_->give(std::move(task));
    }

    WriteBehindFolder& folder_;
    StatePtr state_;
    Use use_;
    std::uint64_t size_ = 0;  // once everything is written
};

WriteBehindFolder::WriteBehindFolder(Environment& environment, Folder& inner)
    : inner_{inner}, worker_{environment.start_worker()} {}

std::unique_ptr<File> WriteBehindFolder::create(std::string_view name) {
    return std::make_unique<WrittenFile>(*this, inner_.create(name),
                                         WrittenFile::Use::to_be_synced);
}

std::unique_ptr<File> WriteBehindFolder::create_unnamed() {
    return std::make_unique<WrittenFile>(*this, inner_.create_unnamed(), WrittenFile::Use::scratch);
}

void WriteBehindFolder::begin_sync(const std::shared_ptr<FileState>& file, std::uint64_t end) {
    file->file().begin_sync();
    file->begun();
    if (begun_) {
        try {
            begun_->file->file().wait_for_begun(begun_->end);
        } catch (...) {
            begun_->file->fail(std::current_exception());  // its sync() would not hear of it again
        }
    }
    begun_ = Begun{file, end};
}

std::vector<std::byte> WriteBehindFolder::Buffers::take() {
    const std::lock_guard lock{mutex_};
    if (free_.empty()) {
        return {};
    }
    std::vector<std::byte> buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
}

void WriteBehindFolder::Buffers::give_back(std::vector<std::byte> buffer) {
    const std::lock_guard lock{mutex_};
    free_.push_back(std::move(buffer));
}

}  // namespace bitask::io
