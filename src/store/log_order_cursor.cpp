#include "store/log_order_cursor.hpp"

#include "bitask/error.hpp"
#include "log/stored_value.hpp"

namespace bitask::store {
namespace {

// In memory: 8 MiB, and as much again while they are sorted.
constexpr std::size_t kMaxPlaces = std::size_t{512} * 1024;

}  // namespace

LogOrderCursor::LogOrderCursor(View& view) : view_{view} {
    view_.list_logs();
    view_.with_hints([this] {
        state_ = view_.snapshot();
        find_places();
    });
    if (!state_->damage.empty()) {
        begin_rest();  // met on the way; each key then needs a look of its own
    }
}

bool LogOrderCursor::next() {
    alone_.reset();
    return (!rest_ && next_in_logs()) || (rest_ && next_of_rest());
}

void LogOrderCursor::find_places() {
    const keydir::Keydir& keydir = state_->keydir;
    keydir.open_hints();  // while they have their names: the rest may be read from them
    places_ = {};
    all_current_.clear();
    std::optional<keydir::Totals> totals;
    if (keydir.knows_totals()) {
        totals = keydir.totals();
    }
    bool all = true;
    for (const LogState& log : state_->logs) {
        places_.add(log.name, log.size);
        all_current_.push_back(totals && totals->logs[as_sealed(log.name)].live_bytes == log.size);
        all = all && all_current_.back();
    }
    wanted_.reset();
    if (!all) {
        sort_places();
    }
}

// Of all current records that are in logs with others.
void LogOrderCursor::sort_places() {
    scratch_ = view_.open_scratch_folder();
    wanted_places_.emplace(*scratch_, kMaxPlaces);
    const auto entries = state_->keydir.cursor();
    for (bool more = entries->seek({}); more; more = entries->next()) {
        if (!entries->entry().live()) {
            continue;
        }
        const std::uint64_t place = place_of(entries->entry().location);
        if (!all_current_[Places::index(place)]) {
            wanted_places_->add({place, 0});
        }
    }
    wanted_places_->sort();
    wanted_ = wanted_places_->next();
}

std::uint64_t LogOrderCursor::place_of(const log::Location& location) const {
    const std::uint64_t* const begin = places_.begin_of(location.log);
    if (begin == nullptr) {
        throw keydir::HintDamaged{log::file_name(location.log) + ": a hint names a log too many"};
    }
    return *begin + location.offset;
}

bool LogOrderCursor::next_in_logs() {
    while (scanner_ || open_next_log()) {
        switch (scanner_->next()) {
            case log::LogScanner::Step::record:
                if (is_wanted()) {
                    show_record();
                    return true;
                }
                break;
            case log::LogScanner::Step::end: scanner_.reset(); break;
            case log::LogScanner::Step::damage:
            case log::LogScanner::Step::torn_tail: begin_rest(); break;
        }
    }
    return false;
}

// False at the end, and when the rest has to be read in another way.
bool LogOrderCursor::open_next_log() {
    for (; !rest_ && next_log_ < state_->logs.size(); ++next_log_) {
        const LogState& log = state_->logs[next_log_];
        log_begin_ = *places_.begin_of(log.name);
        if (wanted_ && wanted_->first < log_begin_) {
            begin_rest();  // the log before has no record there
        } else if (all_current_[next_log_] || (wanted_ && wanted_->first < log_begin_ + log.size)) {
            return open(log);
        }
    }
    if (wanted_) {
        begin_rest();
    }
    return false;
}

bool LogOrderCursor::open(const LogState& log) {
    file_ = view_.open_log(log.name);
    if (!file_) {
        begin_rest();
        return false;
    }
    scanner_.emplace(*file_, log.name,
                     log::Bounds{.size = log.size,
                                 .complete_up_to = log.size,
                                 .clean_end = std::nullopt,
                                 .thorough = false});
    ++next_log_;
    return true;
}

// Whether the record at hand is current.
bool LogOrderCursor::is_wanted() {
    const std::uint64_t place = log_begin_ + scanner_->place().offset;
    if (all_current_[Places::index(place)]) {
        return true;
    }
    if (!wanted_ || wanted_->first != place) {
        return false;
    }
    wanted_ = wanted_places_->next();
    return true;
}

void LogOrderCursor::show_record() {
    done_ = log_begin_ + scanner_->position();
    key_ = scanner_->key();
    const std::string_view record = scanner_->record();
    if (record.empty()) {
        alone_ = log::read_value(file_, scanner_->place(), scanner_->header(), key_);
    } else {
        in_log_.show(record.substr(log::kHeaderSize + key_.size()));
    }
}

void LogOrderCursor::begin_rest() {
    scanner_.reset();
    wanted_.reset();
    rest_ = state_->keydir.cursor();
}

bool LogOrderCursor::next_of_rest() {
    try {
        for (bool more = step_in_rest(); more; more = step_in_rest()) {
            if (!rest_->entry().live() || place_of(rest_->entry().location) < done_) {
                continue;
            }
            key_of_rest_ = rest_->key();
            alone_ = view_.value_of(key_of_rest_);
            if (alone_) {
                key_ = key_of_rest_;
                return true;
            }
        }
    } catch (const keydir::HintDamaged& damaged) {
        throw Error{ErrorKind::io, damaged.what()};  // it was whole a moment ago
    }
    return false;
}

bool LogOrderCursor::step_in_rest() {
    if (rest_begun_) {
        return rest_->next();
    }
    rest_begun_ = true;
    return rest_->seek({});
}

}  // namespace bitask::store
