#pragma once

#include "io/environment.hpp"
#include "keydir/manifest.hpp"
#include "log/log_name.hpp"

#include <string>
#include <vector>

// A manifest and what is there beside it, while a compaction is at work or after it was killed.
namespace bitask::store {

// Whether the logs that the manifest knows are those that are there. The log that was active then
// and newer ones do not matter, nor do leftovers. `logs` are in order.
[[nodiscard]] bool knows_logs(const keydir::Manifest& manifest,
                              const std::vector<log::LogName>& logs);

// Logs of which every record that counts is in another one: those that a compaction has replaced
// and not removed yet, and those that it has put in place and not published. For a manifest that
// knows the logs; without it they are logs like any other, which changes nothing but time.
[[nodiscard]] std::vector<log::LogName> leftovers(const keydir::Manifest& manifest,
                                                  const std::vector<log::LogName>& logs);

// `logs` without leftovers, when there is a manifest that knows them.
[[nodiscard]] std::vector<log::LogName> without_leftovers(const keydir::Manifest& manifest,
                                                          std::vector<log::LogName> logs);

// Removes logs that a compaction has replaced. Those with tombstones go last: until then they keep
// what they have removed from coming back.
void remove_logs(io::Folder& folder, const std::vector<log::LogName>& logs);

// Removes a file that nothing speaks of. Where it cannot be removed now, whoever takes the name or
// finds it in the folder's listing does it: what went wrong before is what there is to report.
void remove_quietly(io::Folder& folder, const std::string& name);

}  // namespace bitask::store
