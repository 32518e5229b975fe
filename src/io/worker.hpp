#pragma once

#include <exception>
#include <functional>
#include <semaphore>
#include <utility>

namespace bitask::io {

// Does tasks beside its owner, one after the other, in the order in which they are given.
class Worker {
public:
    virtual ~Worker() = default;  // does everything that was given first

    // Tasks must not throw. Waits while many are to be done.
    virtual void give(std::function<void()> task) = 0;
};

// Does each task at once: for machines that have no thread to spare, and for tests.
class WorkerAtOnce final : public Worker {
public:
    void give(std::function<void()> task) override { task(); }
};

// A task that a worker does while this object exists, at the longest: its end waits for that of the
// task, which may therefore use whatever the owner has. Does nothing without a worker.
class Beside {
public:
    Beside(Worker* worker, std::function<void()> task) {
        if (worker == nullptr) {
            done_.release();
            return;
        }
        worker->give([this, task = std::move(task)] {
            try {
                task();
            } catch (...) {
                failure_ = std::current_exception();
            }
            done_.release();
        });
    }
    ~Beside() { wait(); }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;

    // Waits for the end of the task, and throws what it has thrown.
    void finish() {
        wait();
        if (failure_) {
            std::rethrow_exception(std::exchange(failure_, nullptr));
        }
    }

private:
    void wait() noexcept {
        done_.acquire();
        done_.release();
    }

    std::exception_ptr failure_;
    std::binary_semaphore done_{0};
};

}  // namespace bitask::io
