#include "store/write_session.hpp"

#include "codec/crc32.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/merge_policy.hpp"
#include "store/hint_files.hpp"

#include <algorithm>
#include <utility>

// What a session knows of the store's keys, and the hints that it makes for others.
namespace bitask::store {
namespace {

using log::LogName;

// The newest are merged when there are more. A compaction that begins must not keep others waiting,
// and the first writer after a kill has waited long enough: they leave merging to others.
constexpr std::size_t kMaxHintsOnTheWay = 208;
constexpr std::size_t kFilesAHint = 2;  // that may be open, for each that a walk has to open
constexpr std::size_t kMaxHintsInPassing = keydir::kMaxHints - 1;

// Logs that a compaction is still removing.
void keep_retired(const keydir::Manifest& current, const std::vector<LogName>& listed,
                  keydir::Manifest& next) {
    for (const keydir::Manifest::Log& log : current.logs) {
        if (log.retired && std::ranges::binary_search(listed, log.name)) {
            next.logs.push_back(log);
        }
    }
    std::ranges::sort(next.logs, {}, &keydir::Manifest::Log::name);
}

}  // namespace

const Recovery& WriteSession::known() {
    if (!known_) {
        if (log_) {
            log_->flush();
        }
        stop_hint_maker();  // before the manifest is read
        recover_all(read_manifest(environment_, *folder_, ManifestPart::whole), lock_.note());
        count_tail();
    }
    return state_;
}

// What the logs say, and no hint.
void WriteSession::replay() {
    if (log_) {
        log_->flush();
    }
    recover_all(std::nullopt, lock_.note());
}

template <typename Action>
auto WriteSession::with_hints(Action action) {
    try {
        return action();
    } catch (const keydir::HintDamaged&) {
        replay();
        tail_bytes_ = state_.total_bytes();  // for none of it there are good hints
        return action();
    }
}

std::optional<keydir::Entry> WriteSession::find(std::string_view key) {
    return with_hints([&] { return known().keydir.find(key); });
}

FoundKeys WriteSession::find(const KeyBatch& keys) {
    return with_hints([&] { return find_all(known().keydir, keys, nullptr); });
}

// Whether the changes of this session are such a part of all keys in hints.
bool WriteSession::changed_at_least(std::uint64_t part) const {
    return changes_written() - changes_merged_ >= hinted_keys_ / part;
}

std::uint64_t WriteSession::changes_written() const {
    return changes_in_sealed_logs_ + (log_ ? log_->records_written() : 0);
}

void WriteSession::publish(Publishing how) {
    if (!makes_hints_) {
        return;
    }
    makes_hints_ = false;
    try {
        try {
            try_to_publish(how);
        } catch (const keydir::HintDamaged&) {
            replay();
            try_to_publish(how);
        }
    } catch (const Error& error) {
        stop_hint_maker();
        options_.warn("no hints written: " + std::string{error.what()});
    }
}

// Whether some that were to be made on the way are not there.
bool WriteSession::hints_failed() {
    if (!hint_maker_) {
        return false;
    }
    try {
        published(hint_maker_->settle());
        return false;
    } catch (const keydir::HintDamaged&) {
        return true;
    } catch (const Error&) {
        return true;
    }
}

// What was given to it is made, or left to whoever needs it.
void WriteSession::stop_hint_maker() {
    hint_maker_.reset();
    fresh_.clear();
    logs_.clear();
}

void WriteSession::try_to_publish(Publishing how) {
    lock_.check();
    if (!log_) {
        start_log();
    }
    if (hint_maker_) {
        publish_fresh(how);
    } else {
        publish_known(how);
    }
}

// Looks up what no hint speaks of.
void WriteSession::publish_known(Publishing how) {
    const Recovery& state = known();
    // Hints cannot tell what may have been lost: then the logs have to be asked.
    if (!state.damage.empty() || !state.fits_hints) {
        return;
    }
    auto next = next_manifest();
    if (!next) {
        return;
    }
    if (options_.durability == Durability::synced) {
        sync_before();
        if (changed_) {
            log_->sync();
        }
    }
    for (const LogState& log : state.logs) {
        next->logs.push_back({.name = as_sealed(log.name), .size = log.size});
    }
    if (next->logs.empty() || next->logs.back().name != as_sealed(active())) {
        next->logs.push_back({.name = as_sealed(active())});
    }
    next->logs.back().size = next->position;
    if (state.manifest) {
        keep_retired(*state.manifest, state.listed, *next);
    }
    const bool has_totals = !state.manifest || state.manifest->has_totals;
    const keydir::Manifest made = publish_hints(*folder_, state.keydir, state.manifest,
                                                std::move(*next), publish_options(how, has_totals));
    published(made);
    if (how == Publishing::on_the_way) {
        hint_maker_ = std::make_unique<HintMaker>(environment_, *folder_, made);
        logs_ = made.logs;
    }
    state_ = {};
    known_ = false;
}

// Takes what this session has written since, without another look.
void WriteSession::publish_fresh(Publishing how) {
    if (how != Publishing::on_the_way || hint_maker_->failed()) {
        static_cast<void>(hint_maker_->settle());
    }
    auto next = next_manifest();
    if (!next) {
        return;
    }
    logs_.back().size = next->position;
    next->logs = logs_;
    if (how == Publishing::on_the_way) {
        hint_maker_->give({.table = std::exchange(fresh_, {}),
                           .next = std::move(*next),
                           .options = publish_options(how, false)});
        tail_bytes_ = 0;
        tail_has_sealed_logs_ = false;
        published_ = makes_hints_ = true;
        return;
    }
    if (options_.durability == Durability::synced) {
        sync_before();
        log_->sync();
    }
    const keydir::Manifest current = hint_maker_->settle();
    const keydir::Keydir keydir{*folder_, current.hints, current.totals(),
                                std::exchange(fresh_, {})};
    PublishOptions options = publish_options(how, current.has_totals);
    const auto helper = environment_.start_worker();
    options.helper = helper.get();
    published(publish_hints(*folder_, keydir, current, std::move(*next), options));
    stop_hint_maker();
}

// Up to here, with neither hints nor logs. Nothing where nobody could tell, after a power cut, that
// it speaks of what is lost.
std::optional<keydir::Manifest> WriteSession::next_manifest() {
    log_->flush();  // a manifest never speaks of more than is in the file
    keydir::Manifest next;
    if (options_.durability == Durability::unsynced) {
        next.unsynced_in = environment_.this_run();
        if (!next.unsynced_in) {
            return std::nullopt;
        }
    }
    next.active_log = note_.log;
    next.position = log_->end();
    next.last_timestamp = note_.last_timestamp;
    next.ordered_from = note_.ordered_from;
    next.last_compaction = note_.last_compaction;
    return next;
}

PublishOptions WriteSession::publish_options(Publishing how, bool has_totals) const {
    const std::string what = std::to_string(environment_.now_milliseconds()) + " " +
                             std::to_string(note_.log) + " " + std::to_string(log_->end());
    const bool at_end = how == Publishing::at_end || how == Publishing::as_one;
    return {
        .seed = codec::crc32(what),
        .max_hints = how == Publishing::on_the_way
                         ? std::min(kMaxHintsOnTheWay, environment_.max_open_files() / kFilesAHint)
                     : how == Publishing::in_passing || (after_kill_ && !changed_at_least(kMuch))
                         ? kMaxHintsInPassing
                         : keydir::kMaxHintsLeft,
        .on_the_way = how == Publishing::on_the_way,
        .merge_all = how == Publishing::as_one,
        .counts = at_end && (has_totals || changed_at_least(kSome))};
}

// The manifest is there, and speaks of everything, unless changes have come since.
void WriteSession::published(const keydir::Manifest& manifest) {
    published_ = makes_hints_ = has_manifest_ = true;
    has_totals_ = manifest.has_totals;
    hinted_keys_ = manifest.entries();
    if (fresh_.empty()) {
        tail_bytes_ = 0;
        tail_has_sealed_logs_ = false;
    }
}

}  // namespace bitask::store
