#include "store/write_session.hpp"

#include "store/hint_files.hpp"
#include "store/leftovers.hpp"

#include <algorithm>
#include <utility>

// A session as a compaction needs it, before and after its work.
namespace bitask::store {

using log::LogName;

namespace {

// How many hints stay when the new one is there.
std::size_t hints_beside(const CompactedLogs& logs, const keydir::Manifest& manifest,
                         const std::vector<keydir::HintInfo>& replaced) {
    return static_cast<std::size_t>(
        std::ranges::count_if(manifest.hints, [&](const keydir::HintInfo& hint) {
            return !logs.renews_hints || std::ranges::find(replaced, hint) == replaced.end();
        }));
}

}  // namespace

std::uint64_t WriteSession::bytes_without(const std::vector<LogName>& logs) const {
    std::uint64_t bytes = 0;
    for (const LogName& name : list_store(*folder_).logs) {
        if (!std::ranges::binary_search(logs, name)) {
            const auto file = folder_->open(log::file_name(name), io::Access::read);
            bytes += file ? file->size() : 0;
        }
    }
    return bytes;
}

Recovery WriteSession::begin_compaction(bool seal_active, Hints hints) {
    options_.durability = Durability::synced;
    begin_change();
    if (log_ && (seal_active || shares_number(list_store(*folder_).logs, active()))) {
        seal_log();
    }
    if (!log_) {
        start_log();
    }
    changed_ = true;
    failed_ = false;
    commit_changes();  // what supersedes old records must not be less safe than they are
    if (hints == Hints::ignored) {
        remove_manifest(*folder_);
        has_manifest_ = false;
        replay();
    } else {
        const bool speak_of_all = known().manifest && state_.keydir.table().empty() &&
                                  !state_.manifest->unsynced_in && !tail_has_sealed_logs_;
        if (!speak_of_all) {
            publish(Publishing::in_passing);
        }
        if (!known().manifest || !state_.keydir.table().empty() || tail_has_sealed_logs_) {
            replay();
        }
    }
    known_ = false;
    return std::move(state_);
}

bool WriteSession::finish_compaction(const CompactedLogs& logs,
                                     const std::vector<keydir::HintInfo>& replaced,
                                     const keydir::Totals& totals) {
    options_.durability = Durability::synced;
    begin_change();
    lock_.check();
    const Listing listing = list_store(*folder_);
    for (const LogName& input : logs.inputs) {
        if (!std::ranges::binary_search(listing.logs, input)) {
            throw Error{ErrorKind::io,
                        log::file_name(input) + ": another program has removed the log meanwhile"};
        }
    }
    auto manifest = read_manifest(environment_, *folder_, ManifestPart::whole);
    if (manifest && hints_beside(logs, *manifest, replaced) >= keydir::kMaxHints) {
        manifest.reset();
    }
    const auto knows = [&manifest](const LogName& input) {
        const auto log = std::ranges::find(manifest->logs, input, &keydir::Manifest::Log::name);
        return log != manifest->logs.end() && !log->retired;
    };
    if (manifest &&
        (!logs.hint || !has_hints(*folder_, *manifest) || !knows_logs(*manifest, listing.logs) ||
         !std::ranges::all_of(logs.inputs, knows))) {
        manifest.reset();
    }
    if (!manifest && logs.inputs.empty()) {
        failed_ = false;
        return false;  // what hints there are speak of logs that are as they were
    }
    note_.last_compaction = environment_.now_milliseconds();
    if (!manifest) {
        remove_manifest(*folder_);  // until there is another, the logs have to tell
    }
    for (const CompactedLogs::Output& log : logs.logs) {
        folder_->rename(log.temporary, log::file_name(log.name));
    }
    if (logs.tombstones) {
        folder_->rename(logs.tombstones->temporary, log::file_name(logs.tombstones->name));
    }
    if (manifest) {
        manifest->last_compaction = note_.last_compaction;
        if (!manifest->has_totals && manifest->hints == replaced) {
            manifest->set_totals(totals);
        }
        // Such a manifest is replaced without a sync, but the new names must not be lost.
        names_unsynced_ = names_unsynced_ || manifest->unsynced_in;
        publish_compaction(*folder_, std::move(*manifest), logs, replaced);
    } else {
        folder_->sync();
        has_manifest_ = false;
        makes_hints_ = true;  // of other logs than before
        tail_bytes_ = bytes_without(logs.inputs);
    }
    if (!log_) {
        start_log();
    }
    known_ = false;
    changed_ = true;
    failed_ = false;
    return manifest.has_value();
}

}  // namespace bitask::store
