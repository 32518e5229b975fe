#include "store/hint_maker.hpp"

#include "log/log_name.hpp"

#include <utility>

namespace bitask::store {
namespace {

// Who has given the work may have sealed the log since, and has synced it before that.
void sync_log(const io::Folder& folder, std::uint64_t number) {
    const log::LogName active{number, 0, log::LogKind::active};
    if (const auto file = folder.open(log::file_name(active), io::Access::read)) {
        file->sync();
    }
}

}  // namespace

HintMaker::HintMaker(io::Environment& environment, io::Folder& folder, keydir::Manifest current)
    : environment_{environment},
      folder_{folder},
      current_{std::move(current)},
      worker_{environment.start_worker()} {}

void HintMaker::give(Work work) {
    // Shared, since a task has to be copyable.
    const auto shared = std::make_shared<Work>(std::move(work));
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !at_work_; });
        at_work_ = true;
    }
    try {
        worker_->give([this, shared] {
            make(*shared);
            *shared = {};
            end_work();
        });
    } catch (...) {
        end_work();
        throw;
    }
}

void HintMaker::end_work() {
    const std::lock_guard lock{mutex_};
    at_work_ = false;
    changed_.notify_all();
}

bool HintMaker::failed() const {
    const std::lock_guard lock{mutex_};
    return failure_ != nullptr;
}

const keydir::Manifest& HintMaker::settle() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !at_work_; });
    if (failure_) {
        std::rethrow_exception(failure_);
    }
    return current_;
}

void HintMaker::make(Work& work) {
    if (failed()) {
        return;
    }
    try {
        if (!work.next.unsynced_in) {
            sync_log(folder_, work.next.active_log);
        }
        if (!helper_ && current_.hints.size() >= work.options.max_hints) {
            helper_ = environment_.start_worker();
        }
        work.options.helper = helper_.get();
        const keydir::Keydir keydir{folder_, current_.hints, current_.totals(),
                                    std::move(work.table)};
        current_ = publish_hints(folder_, keydir, current_, std::move(work.next), work.options);
    } catch (...) {
        const std::lock_guard lock{mutex_};
        failure_ = std::current_exception();
    }
}

}  // namespace bitask::store
