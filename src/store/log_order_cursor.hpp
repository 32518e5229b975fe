#pragma once

#include "bitask/reader.hpp"
#include "keydir/cursor.hpp"
#include "log/log_scanner.hpp"
#include "store/pair_sorter.hpp"
#include "store/places.hpp"
#include "store/value_view.hpp"
#include "store/view.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// All pairs of a healthy store in the order of its logs, each of which is read from front to back:
// nothing is looked up, and nothing is read twice. Where all of a log is current, its records are
// taken as they come; else a walk over the key directory has told which are, and their places have
// been sorted. Memory is bounded.
//
// Where a log is gone, or is not what the key directory says, the rest is read in the order of
// keys, one by one.
class LogOrderCursor final : public Cursor {
public:
    // The view must outlive the cursor.
    explicit LogOrderCursor(View& view);

    bool next() override;
    [[nodiscard]] std::string_view key() const override { return key_; }
    [[nodiscard]] const Value& value() const override {
        return alone_ ? *alone_ : static_cast<const Value&>(in_log_);
    }

private:
    void find_places();
    void sort_places();
    [[nodiscard]] std::uint64_t place_of(const log::Location& location) const;

    bool next_in_logs();
    bool open_next_log();
    bool open(const LogState& log);
    bool is_wanted();
    void show_record();

    void begin_rest();
    bool next_of_rest();
    bool step_in_rest();

    View& view_;
    std::shared_ptr<const Recovery> state_;  // of the beginning

    // The logs of the state, and which of them are current as a whole.
    Places places_;
    std::vector<bool> all_current_;

    std::unique_ptr<io::Folder> scratch_;
    std::optional<PairSorter> wanted_places_;  // in the other logs; the second number is not used
    std::optional<NumberPair> wanted_;         // the next of them

    std::size_t next_log_ = 0;
    std::uint64_t log_begin_ = 0;  // place of the one before it
    std::shared_ptr<const io::File> file_;
    std::optional<log::LogScanner> scanner_;  // over the log before next_log_
    std::uint64_t done_ = 0;                  // the place from which on nothing has been shown

    std::unique_ptr<keydir::Cursor> rest_;  // once the logs have failed to do
    bool rest_begun_ = false;
    std::string key_of_rest_;

    std::string_view key_;
    ValueView in_log_;
    std::unique_ptr<Value> alone_;  // null when the value at hand is in the scanner's window
};

}  // namespace bitask::store
