#pragma once

#include "io/environment.hpp"
#include "log/log_name.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bitask::store {

// What lies in a store's folder. Files that are not the store's are passed over.
struct Listing {
    std::vector<log::LogName> logs;        // in the order of logs
    std::vector<std::string> hints;        // by name, whoever may name them
    std::vector<std::string> temporaries;  // left behind by a killed compaction, or in the making
    bool has_lock_file = false;

    [[nodiscard]] bool is_store() const { return has_lock_file || !logs.empty(); }
    friend bool operator==(const Listing&, const Listing&) = default;
};

// For the holder of the lock: nobody else changes names.
[[nodiscard]] Listing list_store(const io::Folder& folder);

// For readers. A folder that changes while it is listed may show a renamed file twice or not at
// all; so it is listed until two listings in a row agree. Throws Error (io) if they never do.
[[nodiscard]] Listing list_store_beside_writers(const io::Folder& folder);

// A log; null when it is gone. One that is active is found by the name that it will have once it is
// sealed, and the other way round, unless the listing has both: then they are two (the reference
// can bring that about).
[[nodiscard]] std::unique_ptr<io::File> open_log(const io::Folder& folder, const log::LogName& name,
                                                 const std::vector<log::LogName>& listed);

// Whether one of the logs has the number of another one, which the reference can bring about.
[[nodiscard]] bool shares_number(const std::vector<log::LogName>& logs, const log::LogName& log);

// Throws the Error (io) that says so.
[[noreturn]] void throw_no_store(const std::string& path);

}  // namespace bitask::store
