#pragma once

#include <functional>

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

}  // namespace bitask::io
