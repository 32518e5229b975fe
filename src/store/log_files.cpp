#include "store/log_files.hpp"

#include "store/listing.hpp"

#include <algorithm>

namespace bitask::store {
namespace {

constexpr std::size_t kMaxOpen = 64;

}  // namespace

std::shared_ptr<const io::File> LogFiles::open(const log::LogName& name,
                                               const std::vector<log::LogName>& listed) {
    const std::lock_guard lock{mutex_};
    const auto known =
        std::ranges::find_if(recent_, [&name](const auto& pair) { return pair.first == name; });
    if (known != recent_.end()) {
        recent_.splice(recent_.begin(), recent_, known);
        return known->second;
    }
    std::shared_ptr<const io::File> file = open_log(folder_, name, listed);
    if (file) {
        recent_.emplace_front(name, file);
        if (recent_.size() > kMaxOpen) {
            recent_.pop_back();
        }
    }
    return file;
}

void LogFiles::forget() {
    const std::lock_guard lock{mutex_};
    recent_.clear();
}

}  // namespace bitask::store
