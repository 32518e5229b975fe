#pragma once

#include "io/environment.hpp"
#include "io/worker.hpp"
#include "keydir/manifest.hpp"
#include "keydir/table.hpp"
#include "store/hint_files.hpp"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

namespace bitask::store {

// Makes hints beside a writer who goes on writing, one after the other.
//
// After a failure nothing more is made; it is told by settle(), and what was current then still is.
class HintMaker {
public:
    struct Work {
        keydir::Table table;  // of all records behind those that the manifest before speaks of
        keydir::Manifest next;
        PublishOptions options;
    };

    // `current` is the manifest that is there. The folder must outlive this.
    HintMaker(io::Environment& environment, io::Folder& folder, keydir::Manifest current);

    // Waits for what was given before: there is memory for one table that grows and one that
    // becomes a hint. The log must have been written as far as the next manifest speaks of it. It
    // will be synced first, unless that manifest says that it is not.
    void give(Work work);

    [[nodiscard]] bool failed() const;

    // Waits for what was given, and returns the manifest that is there then. Throws what
    // publish_hints() throws.
    [[nodiscard]] const keydir::Manifest& settle();

private:
    void make(Work& work);
    void end_work();

    io::Environment& environment_;
    io::Folder& folder_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool at_work_ = false;
    std::exception_ptr failure_;

    // The worker's, while it is at work. Merging takes more time than to write new hints, and has a
    // worker of its own take part, for whom there is time while the session waits.
    keydir::Manifest current_;
    std::unique_ptr<io::Worker> helper_;  // null until hints are merged

    std::unique_ptr<io::Worker> worker_;  // last: it uses the others
};

}  // namespace bitask::store
