#pragma once

#include "io/environment.hpp"
#include "log/log_name.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <utility>

namespace bitask::store {

// The logs that were read from last, kept open. Bounded, so that a store may have more logs than a
// process may have open files.
class LogFiles {
public:
    explicit LogFiles(const io::Folder& folder) : folder_{folder} {}

    // Null when the log is gone from the folder.
    [[nodiscard]] std::shared_ptr<const io::File> open(const log::LogName& name);

private:
    const io::Folder& folder_;
    std::list<std::pair<log::LogName, std::shared_ptr<const io::File>>> recent_;  // newest first
};

}  // namespace bitask::store
