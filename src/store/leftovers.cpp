#include "store/leftovers.hpp"

#include "bitask/error.hpp"

#include <algorithm>
#include <iterator>

namespace bitask::store {
namespace {

using keydir::Manifest;
using log::LogKind;
using log::LogName;

// Of the log that was active, or newer.
bool is_tail(const Manifest& manifest, const LogName& name) {
    return name.number > manifest.active_log ||
           as_sealed(name) == LogName{manifest.active_log, 0, LogKind::sealed};
}

const Manifest::Log* find(const Manifest& manifest, const LogName& name) {
    const auto found = std::ranges::lower_bound(manifest.logs, name, {}, &Manifest::Log::name);
    return found == manifest.logs.end() || found->name != name ? nullptr : &*found;
}

// Generations tell what a compaction has written. Not beside the active log: there a rotation may
// have had to take one.
bool is_leftover(const Manifest& manifest, const LogName& name) {
    if (is_tail(manifest, name)) {
        return false;
    }
    const Manifest::Log* const known = find(manifest, name);
    return known != nullptr ? known->retired
                            : name.generation > 0 && name.number < manifest.active_log;
}

}  // namespace

bool knows_logs(const Manifest& manifest, const std::vector<LogName>& logs) {
    // Two logs of that number cannot be told apart by what hints call them.
    if (std::ranges::binary_search(logs, LogName{manifest.active_log, 0, LogKind::active}) &&
        std::ranges::binary_search(logs, LogName{manifest.active_log, 0, LogKind::sealed})) {
        return false;
    }
    std::vector<LogName> known;
    for (const Manifest::Log& log : manifest.logs) {
        if (!is_tail(manifest, log.name) && !log.retired) {
            known.push_back(log.name);
        }
    }
    std::vector<LogName> there;
    std::ranges::copy_if(logs, std::back_inserter(there), [&manifest](const LogName& name) {
        return !is_tail(manifest, name) && !is_leftover(manifest, name);
    });
    return known == there;
}

std::vector<LogName> leftovers(const Manifest& manifest, const std::vector<LogName>& logs) {
    std::vector<LogName> found;
    std::ranges::copy_if(logs, std::back_inserter(found),
                         [&manifest](const LogName& name) { return is_leftover(manifest, name); });
    return found;
}

std::vector<LogName> without_leftovers(const Manifest& manifest, std::vector<LogName> logs) {
    if (knows_logs(manifest, logs)) {
        std::erase_if(logs,
                      [&manifest](const LogName& name) { return is_leftover(manifest, name); });
    }
    return logs;
}

void remove_logs(io::Folder& folder, const std::vector<LogName>& logs) {
    for (const bool tombstones : {false, true}) {
        bool any = false;
        for (const LogName& log : logs) {
            if ((log.kind == LogKind::tombstones) == tombstones) {
                folder.remove(log::file_name(log));
                any = true;
            }
        }
        if (any) {
            folder.sync();
        }
    }
}

void remove_quietly(io::Folder& folder, const std::string& name) {
    try {
        folder.remove(name);
    } catch (const Error&) {
        // It stays a leftover.
    }
}

}  // namespace bitask::store
