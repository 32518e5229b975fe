#include "store/hint_files.hpp"

#include "bitask/error.hpp"
#include "keydir/hint_writer.hpp"
#include "keydir/merge.hpp"
#include "keydir/merge_policy.hpp"
#include "store/leftovers.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitask::store {
namespace {

using keydir::HintInfo;
using keydir::Manifest;

// So many keys are looked up one by one, to see what they replace, by a writer whose work they are
// no large part of.
constexpr std::size_t kFewEntries = 4096;

// One of more logs than there ever are: a file of that size is something else.
constexpr std::uint64_t kMaxManifestSize = std::uint64_t{1} << 30U;

std::uint64_t next_number(const std::vector<HintInfo>& hints) {
    std::uint64_t highest = 0;
    for (const HintInfo& hint : hints) {
        highest = std::max(highest, hint.number);
    }
    return highest + 1;
}

struct NewHint {
    HintInfo info;
    keydir::Totals totals;  // of its entries
};

NewHint write_hint(io::Folder& folder, std::vector<std::unique_ptr<keydir::Cursor>> walks,
                   std::uint64_t number, const PublishOptions& options, bool sync) {
    const std::string name = keydir::hint_file_name(number);
    folder.remove(name);  // a leftover that no manifest names
    const auto file = folder.create(name);
    keydir::HintWriter writer{*file, number, options.seed};
    io::Worker* const helper = walks.size() > 1 ? options.helper : nullptr;
    keydir::merge(
        std::move(walks), helper,
        [&writer](std::string_view key, const keydir::Entry& entry) { writer.add(key, entry); });
    const HintInfo info = writer.finish();
    if (sync) {
        file->sync();
    }
    return {.info = info, .totals = writer.totals()};
}

void replace_manifest(io::Folder& folder, const Manifest& manifest) {
    folder.remove(keydir::kNewManifestFile);
    try {
        const auto file = folder.create(keydir::kNewManifestFile);
        const std::string bytes = encode_manifest(manifest);
        file->write(0, std::as_bytes(std::span{bytes}));
        if (!manifest.unsynced_in) {
            file->sync();
            folder.sync();  // the names that it names, before anyone looks for them
        }
        folder.rename(keydir::kNewManifestFile, keydir::kManifestFile);
        if (!manifest.unsynced_in) {
            folder.sync();
        }
    } catch (const Error&) {
        remove_quietly(folder, keydir::kNewManifestFile);
        throw;
    }
}

void sync_hints(const io::Folder& folder, const std::vector<HintInfo>& hints) {
    for (const HintInfo& hint : hints) {
        const std::string name = keydir::hint_file_name(hint.number);
        const auto file = folder.open(name, io::Access::read);
        if (!file) {
            throw keydir::HintDamaged{name + ": missing"};
        }
        file->sync();
    }
}

std::optional<Manifest> read_any_manifest(const io::Folder& folder, ManifestPart part) {
    try {
        const auto file = folder.open(keydir::kManifestFile, io::Access::read);
        if (!file) {
            return std::nullopt;
        }
        if (part == ManifestPart::head) {
            std::vector<std::byte> head(Manifest::kHeadPage);
            head.resize(file->read(0, head));
            const auto size = keydir::manifest_head_size(head);
            if (size && *size > head.size()) {
                head.resize(*size);
                head.resize(file->read(0, head));
            }
            return keydir::decode_manifest_head(head);
        }
        if (file->size() > kMaxManifestSize) {
            return std::nullopt;
        }
        std::vector<std::byte> bytes(static_cast<std::size_t>(file->size()));
        bytes.resize(file->read(0, bytes));
        return keydir::decode_manifest(bytes);
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::size_t hints_to_merge(const std::vector<HintInfo>& hints, std::uint64_t new_entries,
                           const PublishOptions& options) {
    if (options.merge_all) {
        return hints.size();
    }
    return options.on_the_way
               ? keydir::hints_to_merge_on_the_way(hints, new_entries, options.max_hints)
               : keydir::hints_to_merge(hints, new_entries, options.max_hints);
}

}  // namespace

std::optional<Manifest> read_manifest(io::Environment& environment, const io::Folder& folder,
                                      ManifestPart part) {
    auto manifest = read_any_manifest(folder, part);
    if (manifest && manifest->unsynced_in && manifest->unsynced_in != environment.this_run()) {
        manifest.reset();
    }
    return manifest;
}

bool has_hints(const io::Folder& folder, const Manifest& manifest) {
    return std::ranges::all_of(manifest.hints, [&folder](const HintInfo& hint) {
        return folder.identity(keydir::hint_file_name(hint.number)).has_value();
    });
}

Manifest publish_hints(io::Folder& folder, const keydir::Keydir& keydir,
                       const std::optional<Manifest>& current, Manifest next,
                       const PublishOptions& options) {
    const bool sync = !next.unsynced_in;
    next.hints = current ? current->hints : std::vector<HintInfo>{};
    std::vector<HintInfo> merged;
    std::optional<keydir::Totals> totals;
    const std::size_t count = hints_to_merge(next.hints, keydir.table().size(), options);
    if (!current || !keydir.table().empty() || count > 1) {
        const std::uint64_t number =
            next_number(current ? current->hints : std::vector<HintInfo>{});
        merged.assign(next.hints.end() - static_cast<std::ptrdiff_t>(count), next.hints.end());
        next.hints.resize(next.hints.size() - count);
        try {
            NewHint hint = write_hint(folder, current ? keydir.cursors(count) : keydir.cursors(),
                                      number, options, sync);
            if (next.hints.empty()) {
                totals = std::move(hint.totals);  // what is written is all that there is
            }
            next.hints.push_back(hint.info);
        } catch (const Error&) {
            remove_quietly(folder, keydir::hint_file_name(number));
            throw;
        }
    }
    if (current && current->unsynced_in && sync) {
        sync_hints(folder, next.hints);
    }
    // Not in the midst of a load: there are many hints to look into, time and again.
    const bool few = !options.on_the_way && current && current->has_totals &&
                     keydir.table().size() <= kFewEntries;
    if (!totals && (options.counts || few)) {
        totals = keydir.totals();
    }
    next.set_totals(totals);
    // Should it fail, the new hint stays: nobody knows whether a manifest that names it is there.
    replace_manifest(folder, next);
    for (const HintInfo& hint : merged) {
        remove_quietly(folder, keydir::hint_file_name(hint.number));
    }
    return next;
}

namespace {

// Takes from the logs' shares what newer hints say about keys whose records have moved: those are
// superseded. False when there is too much of it.
bool subtract_newer(io::Folder& folder, const std::vector<HintInfo>& newer, const HintInfo& moved,
                    std::map<log::LogName, keydir::Totals::Log>& shares) {
    std::uint64_t entries = 0;
    for (const HintInfo& hint : newer) {
        entries += hint.entries;
    }
    if (entries > kFewEntries) {
        return false;
    }
    const keydir::Keydir changes{folder, newer, std::nullopt};
    const keydir::Keydir records{folder, {moved}, std::nullopt};
    const auto found = records.cursor();
    const auto changed = changes.cursor();
    for (bool more = !newer.empty() && changed->seek({}); more; more = changed->next()) {
        if (!found->seek(changed->key()) || found->key() != changed->key()) {
            continue;
        }
        const keydir::Entry& entry = found->entry();
        const auto share = shares.find(entry.location.log);
        if (share == shares.end() ||
            !changed->entry().newer_than(entry.header.timestamp, entry.location)) {
            continue;
        }
        (entry.live() ? share->second.live_bytes : share->second.tombstone_bytes) -=
            entry.header.record_size();
    }
    return true;
}

}  // namespace

void publish_compaction(io::Folder& folder, Manifest current, const CompactedLogs& logs,
                        const std::vector<HintInfo>& replaced) {
    HintInfo info = logs.hint->info;
    info.number = next_number(current.hints);
    folder.rename(logs.hint->temporary, keydir::hint_file_name(info.number));

    // Those that were written beside the compaction, or go on being needed.
    Manifest next = current;
    std::erase_if(next.hints, [&](const HintInfo& hint) {
        return logs.renews_hints && std::ranges::find(replaced, hint) != replaced.end();
    });
    std::vector<HintInfo> newer;
    std::ranges::copy_if(current.hints, std::back_inserter(newer), [&](const HintInfo& hint) {
        return std::ranges::find(replaced, hint) == replaced.end();
    });
    // Before those that were written beside it: no hint may hold older records than one before it.
    const auto place = std::ranges::find_if(next.hints, [&](const HintInfo& hint) {
        return std::ranges::find(replaced, hint) == replaced.end();
    });
    next.hints.insert(place, info);

    std::map<log::LogName, keydir::Totals::Log> shares;
    for (const CompactedLogs::Output& log : logs.logs) {
        shares[log.name] = log.share;
    }
    try {
        next.has_totals = current.has_totals && subtract_newer(folder, newer, info, shares);
    } catch (const keydir::HintDamaged&) {
        next.has_totals = false;  // whoever reads it next will find out, too
    }
    for (const log::LogName& input : logs.inputs) {
        const auto log = std::ranges::find(next.logs, input, &Manifest::Log::name);
        *log = {.name = log->name, .size = log->size, .retired = true};
    }
    for (const CompactedLogs::Output& log : logs.logs) {
        const keydir::Totals::Log& share = shares[log.name];
        next.logs.push_back({.name = log.name,
                             .size = log.size,
                             .live_bytes = share.live_bytes,
                             .tombstone_bytes = share.tombstone_bytes});
    }
    if (logs.tombstones) {
        next.logs.push_back(
            {.name = logs.tombstones->name, .size = logs.tombstones->size, .retired = true});
    }
    std::ranges::sort(next.logs, {}, &Manifest::Log::name);
    replace_manifest(folder, next);
    for (const HintInfo& hint : current.hints) {
        if (std::ranges::find(next.hints, hint) == next.hints.end()) {
            remove_quietly(folder, keydir::hint_file_name(hint.number));
        }
    }
}

void remove_manifest(io::Folder& folder) {
    if (folder.identity(keydir::kManifestFile)) {
        folder.remove(keydir::kManifestFile);
        folder.sync();
    }
}

}  // namespace bitask::store
