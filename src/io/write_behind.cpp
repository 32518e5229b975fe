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
            failure_ = failure;
        }
        --tasks_;
        changed_.notify_all();
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

private:
    std::unique_ptr<File> file_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::size_t tasks_ = 0;  // that have been given
    std::exception_ptr failure_;
};

class WriteBehindFolder::WrittenFile final : public File {
public:
    WrittenFile(WriteBehindFolder& folder, std::unique_ptr<File> file)
        : folder_{folder}, state_{std::make_shared<FileState>(std::move(file))} {}

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
            give([buffer, offset, &buffers = folder_.buffers_](File& file) {
                file.write(offset, *buffer);
                buffers.give_back(std::move(*buffer));
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
        give([](File& file) { file.sync(); });
        state_->settle();
    }

    void begin_sync() noexcept override {
        try {
            give([](File& file) { file.begin_sync(); });
        } catch (const std::exception&) {
            // It was help alone.
        }
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
    template <class Action>
    void give(Action action) {
        std::function<void()> task = [state = state_, action] {
            state->do_task([&] { action(state->file()); });
        };
        state_->begin_task();
        folder_.worker_->give(std::move(task));
    }

    WriteBehindFolder& folder_;
    std::shared_ptr<FileState> state_;
    std::uint64_t size_ = 0;  // once everything is written
};

WriteBehindFolder::WriteBehindFolder(Environment& environment, Folder& inner)
    : inner_{inner}, worker_{environment.start_worker()} {}

std::unique_ptr<File> WriteBehindFolder::create(std::string_view name) {
    return std::make_unique<WrittenFile>(*this, inner_.create(name));
}

std::unique_ptr<File> WriteBehindFolder::create_unnamed() {
    return std::make_unique<WrittenFile>(*this, inner_.create_unnamed());
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
