#pragma once

#include "io/environment.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace bitask::store {

// The logs that were read from last, kept open. Bounded, so that a store may have more logs than a
// process may have open files. Several threads may use it.
class LogFiles {
public:
    explicit LogFiles(const io::Folder& folder) : folder_{folder} {}

    // One of the listed logs; null when it is gone from the folder.
    [[nodiscard]] std::shared_ptr<const io::File> open(const log::LogName& name,
                                                       const std::vector<log::LogName>& listed);

    // After logs have been replaced by others of the same names.
    void forget();

private:
    const io::Folder& folder_;
    std::mutex mutex_;
    std::list<std::pair<log::LogName, std::shared_ptr<const io::File>>> recent_;  // newest first
};

}  // namespace bitask::store
