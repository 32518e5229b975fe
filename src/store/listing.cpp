#include "store/listing.hpp"

#include "bitask/error.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/manifest.hpp"
#include "store/writer_lock.hpp"

#include <algorithm>
#include <utility>

namespace bitask::store {
namespace {

constexpr int kMaxListings = 1000;

std::unique_ptr<io::File> open_named(const io::Folder& folder, const log::LogName& name) {
    return folder.open(log::file_name(name), name.kind == log::LogKind::active
                                                 ? io::Access::read
                                                 : io::Access::read_fixed);
}

}  // namespace

Listing list_store(const io::Folder& folder) {
    Listing listing;
    for (const std::string& file : folder.list()) {
        if (const auto log = log::parse_log_name(file)) {
            listing.logs.push_back(*log);
        } else if (log::is_temporary_name(file) || file == keydir::kNewManifestFile) {
            listing.temporaries.push_back(file);
        } else if (keydir::is_hint_name(file)) {
            listing.hints.push_back(file);
        } else if (file == kLockFile) {
            listing.has_lock_file = true;
        }
    }
    std::ranges::sort(listing.logs);
    std::ranges::sort(listing.temporaries);
    return listing;
}

Listing list_store_beside_writers(const io::Folder& folder) {
    Listing before = list_store(folder);
    for (int i = 0; i < kMaxListings; ++i) {
        Listing now = list_store(folder);
        if (now.logs == before.logs) {
            return now;
        }
        before = std::move(now);
    }
    throw Error{ErrorKind::io, folder.path() + ": the folder keeps changing while it is listed"};
}

std::unique_ptr<io::File> open_log(const io::Folder& folder, const log::LogName& name,
                                   const std::vector<log::LogName>& listed) {
    const log::LogName sealed = as_sealed(name);
    const log::LogName active{name.number, 0, log::LogKind::active};
    if (sealed.kind != log::LogKind::sealed || sealed.generation != 0) {
        return open_named(folder, name);
    }
    const bool lists_active = std::ranges::binary_search(listed, active);
    if (lists_active && std::ranges::binary_search(listed, sealed)) {
        return open_named(folder, name);
    }
    // Under the likelier name first, and then under the other one: it may change meanwhile.
    auto file = open_named(folder, lists_active ? active : sealed);
    return file ? std::move(file) : open_named(folder, lists_active ? sealed : active);
}

bool shares_number(const std::vector<log::LogName>& logs, const log::LogName& log) {
    return std::ranges::any_of(logs, [&log](const log::LogName& other) {
        return other.number == log.number && other != log;
    });
}

void throw_no_store(const std::string& path) {
    throw Error{ErrorKind::io, "no store in \"" + path + "\""};
}

}  // namespace bitask::store
