#pragma once

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
        if (worker != nullptr) {
            worker->give([this, task = std::move(task)] {
                task();
                done_.release();
            });
        } else {
            done_.release();
        }
    }
    ~Beside() { done_.acquire(); }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;

private:
    std::binary_semaphore done_{0};
};

}  // namespace bitask::io
