#pragma once

#include "io/worker.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace bitask::io {

// A worker with a thread of its own, which no signal interrupts: they are for the thread that
// waits for them.
class ThreadWorker final : public Worker {
public:
    ThreadWorker();  // throws std::system_error when there can be no thread
    ~ThreadWorker() override;
    ThreadWorker(const ThreadWorker&) = delete;
    ThreadWorker& operator=(const ThreadWorker&) = delete;

    void give(std::function<void()> task) override;

private:
    static constexpr std::size_t kMaxTasks = 16;

    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;  // the first one stays until it is done
    bool ends_ = false;
    std::thread thread_;  // last: it uses the others
};

}  // namespace bitask::io
