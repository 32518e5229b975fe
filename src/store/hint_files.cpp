#include "store/hint_files.hpp"

#include "bitask/error.hpp"
#include "keydir/hint_writer.hpp"
#include "keydir/merge_policy.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bitask::store {
namespace {

using keydir::HintInfo;
using keydir::Manifest;

// So many keys are looked up one by one, to see what they replace, by a writer whose work they are
// no large part of.
constexpr std::size_t kFewEntries = 4096;

std::uint64_t next_number(const std::optional<Manifest>& current) {
    std::uint64_t highest = 0;
    if (current) {
        for (const HintInfo& hint : current->hints) {
            highest = std::max(highest, hint.number);
        }
    }
    return highest + 1;
}

// Adds the entries to `totals`, where there are any.
HintInfo write_hint(io::Folder& folder, keydir::Cursor& entries, std::uint64_t number,
                    std::uint32_t seed, bool sync, std::optional<keydir::Totals>& totals) {
    const std::string name = keydir::hint_file_name(number);
    folder.remove(name);  // a leftover that no manifest names
    const auto file = folder.create(name);
    keydir::HintWriter writer{*file, number, seed};
    for (bool more = entries.seek({}); more; more = entries.next()) {
        writer.add(entries.key(), entries.entry());
        if (totals) {
            totals->add(entries.entry());
        }
    }
    const HintInfo info = writer.finish();
    if (sync) {
        file->sync();
    }
    return info;
}

// What cannot be removed now is removed by whoever takes the name, or finds it when he lists.
void remove_quietly(io::Folder& folder, const std::string& name) {
    try {
        folder.remove(name);
    } catch (const Error&) {
    }
}

void replace_manifest(io::Folder& folder, const Manifest& manifest) {
    folder.remove(keydir::kNewManifestFile);
    const auto file = folder.create(keydir::kNewManifestFile);
    const std::string bytes = encode_manifest(manifest);
    file->write(0, std::as_bytes(std::span{bytes}));
    if (manifest.unsynced_in) {
        folder.rename(keydir::kNewManifestFile, keydir::kManifestFile);
        return;
    }
    file->sync();
    folder.sync();  // the hints' names, before anyone looks for them
    folder.rename(keydir::kNewManifestFile, keydir::kManifestFile);
    folder.sync();
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
            std::vector<std::byte> head(Manifest::kHeadSize);
            head.resize(file->read(0, head));
            return keydir::decode_manifest_head(head);
        }
        std::vector<std::byte> bytes(static_cast<std::size_t>(file->size()));
        bytes.resize(file->read(0, bytes));
        return keydir::decode_manifest(bytes);
    } catch (const Error&) {
        return std::nullopt;
    }
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
    const std::size_t count =
        options.merge_all ? next.hints.size()
                          : hints_to_merge(next.hints, keydir.table().size(), options.max_hints);
    if (!current || !keydir.table().empty() || count > 1) {
        const std::uint64_t number = next_number(current);
        merged.assign(next.hints.end() - static_cast<std::ptrdiff_t>(count), next.hints.end());
        next.hints.resize(next.hints.size() - count);
        const auto entries = current ? keydir.cursor_over(count) : keydir.cursor();
        try {
            if (next.hints.empty()) {
                totals.emplace();  // what is written is all that there is
            }
            next.hints.push_back(write_hint(folder, *entries, number, options.seed, sync, totals));
        } catch (const Error&) {
            remove_quietly(folder, keydir::hint_file_name(number));
            throw;
        }
    }
    if (current && current->unsynced_in && sync) {
        sync_hints(folder, next.hints);
    }
    if (!totals && current && current->has_totals && keydir.table().size() <= kFewEntries) {
        totals = keydir.totals();
    }
    next.set_totals(totals);
    try {
        replace_manifest(folder, next);
    } catch (const Error&) {
        remove_quietly(folder, keydir::kNewManifestFile);
        throw;  // the new hint stays: nobody knows whether the manifest that names it is there
    }
    for (const HintInfo& hint : merged) {
        remove_quietly(folder, keydir::hint_file_name(hint.number));
    }
    return next;
}

void remove_manifest(io::Folder& folder) {
    if (folder.identity(keydir::kManifestFile)) {
        folder.remove(keydir::kManifestFile);
        folder.sync();
    }
}

}  // namespace bitask::store
