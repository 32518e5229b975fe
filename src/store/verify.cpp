#include "bitask/verify.hpp"

#include "io/environment.hpp"
#include "keydir/keydir.hpp"
#include "log/log_name.hpp"
#include "store/hint_files.hpp"
#include "store/listing.hpp"
#include "store/lock_note.hpp"
#include "store/recovery.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace bitask {
namespace {

using keydir::Manifest;

// Enough to see what is wrong: hints that are wrong are made anew as a whole.
constexpr std::size_t kMaxLines = 20;

// Holds what the hints say against what the logs say, both ways: the two are walked side by side.
class Comparison {
public:
    // `logs` may have records behind the position up to which the hints speak.
    Comparison(const keydir::Keydir& logs, const keydir::Keydir& hints, const Manifest& manifest)
        : manifest_{manifest}, by_logs_{logs.cursor()}, by_hints_{hints.cursor()} {}

    std::vector<std::string> run() {
        bool in_logs = by_logs_->seek({});
        bool in_hints = by_hints_->seek({});
        while ((in_logs || in_hints) && lines_.size() < kMaxLines) {
            const int order = !in_logs    ? 1
                              : !in_hints ? -1
                                          : by_logs_->key().compare(by_hints_->key());
            if (order > 0 && !is_ghost(by_hints_->entry())) {
                report("a hint names a record that is not there", by_hints_->entry());
            } else if (order <= 0 && !is_behind(by_logs_->entry()) && (order < 0 || !is_same())) {
                report("no hint names the record", by_logs_->entry());
            }
            if (order >= 0) {
                totals_.add(by_hints_->entry());
            }
            in_logs = order <= 0 ? by_logs_->next() : in_logs;
            in_hints = order >= 0 ? by_hints_->next() : in_hints;
        }
        const auto told = manifest_.totals();
        if (lines_.empty() && told &&
            (told->live_keys != totals_.live_keys || told->live_bytes != totals_.live_bytes)) {
            lines_.push_back(std::string{keydir::kManifestFile} +
                             ": its totals are not those of its hints");
        }
        return std::move(lines_);
    }

private:
    [[nodiscard]] bool is_behind(const keydir::Entry& entry) const {
        const log::LogName last{manifest_.active_log, 0, log::LogKind::sealed};
        const log::LogName log = as_sealed(entry.location.log);
        return log > last || (log == last && entry.location.offset >= manifest_.position);
    }

    // Of a tombstone that a compaction has dropped, while a writer merged the hint that told of it.
    [[nodiscard]] bool is_ghost(const keydir::Entry& entry) const {
        const auto log = std::ranges::lower_bound(manifest_.logs, as_sealed(entry.location.log), {},
                                                  &Manifest::Log::name);
        const bool known =
            log != manifest_.logs.end() && log->name == as_sealed(entry.location.log);
        return !entry.live() && (!known || log->retired);
    }

    // A log may have been sealed since the hint was written.
    [[nodiscard]] bool is_same() const {
        const keydir::Entry& a = by_logs_->entry();
        const keydir::Entry& b = by_hints_->entry();
        return a.header == b.header && a.location.offset == b.location.offset &&
               as_sealed(a.location.log) == as_sealed(b.location.log);
    }

    void report(const std::string& what, const keydir::Entry& entry) {
        lines_.push_back(log::file_name(entry.location.log) + ": offset " +
                         std::to_string(entry.location.offset) + ": " + what);
    }

    const Manifest& manifest_;
    std::unique_ptr<keydir::Cursor> by_logs_;
    std::unique_ptr<keydir::Cursor> by_hints_;
    keydir::Totals totals_;  // of the hints
    std::vector<std::string> lines_;
};

// A manifest that does not fit the logs is no damage: nobody goes by it, and the next writer
// replaces it.
bool fits(io::Environment& environment, const io::Folder& folder, const Manifest& manifest,
          const store::Recovery& state) {
    return store::recover_tail(environment, folder, manifest, state.listed, state.note, {})
        .has_value();
}

std::vector<std::string> damage_of_hints(io::Environment& environment, const io::Folder& folder,
                                         const Manifest& manifest, const store::Recovery& state) {
    if (!state.damage.empty() || !fits(environment, folder, manifest, state)) {
        return {};
    }
    try {
        const keydir::Keydir hints{folder, manifest.hints, manifest.totals()};
        return Comparison{state.keydir, hints, manifest}.run();
    } catch (const keydir::HintDamaged& damaged) {
        return {damaged.what()};
    }
}

}  // namespace

VerifyReport verify(const std::string& store, Progress* progress) {
    return verify(io::posix_environment(), store, progress);
}

VerifyReport verify(io::Environment& environment, const std::string& store, Progress* progress) {
    const auto folder = environment.open_folder(store);
    if (!folder) {
        store::throw_no_store(store);
    }
    const auto manifest = store::read_manifest(environment, *folder, store::ManifestPart::whole);
    const auto state = store::recover_beside_writers(
        environment, *folder, store::Hints::ignored,
        {.thorough = false, .all_logs = true, .spare_leftovers = true, .progress = progress});
    VerifyReport report;
    report.logs = state.logs.size();
    report.records = state.records;
    report.bytes = state.total_bytes();
    for (const log::Damage& damage : state.damage) {
        report.damage.push_back(damage.describe());
    }
    if (!state.lost_end.empty()) {
        report.damage.push_back(state.lost_end);
    }
    if (manifest) {
        auto lines = damage_of_hints(environment, *folder, *manifest, state);
        // Unless a writer has put other hints in their place meanwhile.
        if (store::read_manifest(environment, *folder, store::ManifestPart::whole) == manifest) {
            report.damage.insert(report.damage.end(), lines.begin(), lines.end());
        }
    }
    for (const log::Damage& torn : state.torn_tails) {
        report.unfinished = torn.describe();
    }
    return report;
}

}  // namespace bitask
