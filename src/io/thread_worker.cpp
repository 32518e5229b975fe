#include "io/thread_worker.hpp"

#include <csignal>
#include <utility>

namespace bitask::io {

ThreadWorker::ThreadWorker() {
    sigset_t all{};
    sigset_t before{};
    ::sigfillset(&all);
    ::sigdelset(&all, SIGBUS);  // which is for the thread that has looked at what is mapped
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // which the thread inherits
    try {
        thread_ = std::thread{[this] { work(); }};
    } catch (...) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ThreadWorker::~ThreadWorker() {
    {
        const std::lock_guard lock{mutex_};
        ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void ThreadWorker::give(std::function<void()> task) {
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return tasks_.size() < kMaxTasks; });
        tasks_.push_back(std::move(task));
    }
    changed_.notify_all();
}

void ThreadWorker::work() {
    std::unique_lock lock{mutex_};
    for (;;) {
        changed_.wait(lock, [this] { return ends_ || !tasks_.empty(); });
        if (tasks_.empty()) {
            return;
        }
        const std::function<void()>& task = tasks_.front();  // stays where it is while others come
        lock.unlock();
        task();
        lock.lock();
        tasks_.pop_front();
        changed_.notify_all();
    }
}

}  // namespace bitask::io
