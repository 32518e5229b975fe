#pragma once

#include "io/large_pages.hpp"
#include "keydir/entry.hpp"
#include "log/log_map.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"
#include "store/log_files.hpp"
#include "store/places.hpp"
#include "store/read_plan.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bitask::store {

// The values of many records, read in the order in which they stand in the logs, not in that in
// which they are asked for. Memory is bounded: what the keys and values take, and what has to be
// known of each record.
//
// It is a help, and no more: what it cannot read, whatever the reason, has to be read alone.
class ValueBatch {
public:
    // Bytes in memory for all there is; no more than 64 MiB.
    explicit ValueBatch(std::size_t max_bytes);

    // Takes note of a live record; false when there is no more room. Records that are large stay
    // unread.
    bool add(std::string_view key, const keydir::Entry& entry);

    // After the last add().
    void prepare() { plan_.prepare(); }

    // Then: reads what no other thread has begun with, so that several threads may share the work
    // by calling this, each of them once. `listed` are the logs of the store, as LogFiles wants
    // them.
    void read(LogFiles& files, const std::vector<log::LogName>& listed);

    // After all calls of read(): how much of what was read was asked for, in percent; 0 where it
    // was read in pieces of a few records. Says whether records that are asked for together stand
    // together in the logs, too.
    [[nodiscard]] unsigned percent_wanted() const noexcept {
        constexpr std::size_t kMany = 64;
        const bool in_few_pieces = size_ >= kMany * pieces_ && bytes_read_ != 0;
        return in_few_pieces ? static_cast<unsigned>(100 * bytes_wanted_ / bytes_read_) : 0;
    }

    void clear();    // keeps what memory it may
    void release();  // keeps none

    [[nodiscard]] std::size_t size() const noexcept { return size_; }  // records
    [[nodiscard]] std::size_t bytes() const noexcept {
        return records_.size();
    }  // without the plan

    // After all calls of read(): to the next record, in the order in which they were added; false
    // behind the last.
    bool next();

    // Of the record at hand, once next() has been true.
    [[nodiscard]] std::string_view key() const;

    // Checked as log::read_value() does. Nothing when the record is not there, is not what it
    // should be, or is large.
    [[nodiscard]] std::optional<std::string_view> value() const;

    // For one without a value. Nothing when it is so far back in its log that the batch cannot
    // tell.
    [[nodiscard]] std::optional<keydir::Entry> entry() const;

private:
    static constexpr std::uint64_t kNoPlace = UINT64_MAX;
    static constexpr std::size_t kNone = SIZE_MAX;

    [[nodiscard]] std::uint64_t place_of(const log::Location& location);
    void make_room(std::size_t size);
    void forget_places();
    void read_part(const ReadPlan::Part& part, LogFiles& files,
                   const std::vector<log::LogName>& listed);

    [[nodiscard]] log::RecordHeader header(std::size_t position) const;
    [[nodiscard]] std::string_view key(std::size_t position, const log::RecordHeader& header) const;
    [[nodiscard]] static std::size_t room_for_value(const log::RecordHeader& header);

    std::size_t max_bytes_;
    std::size_t size_ = 0;  // records

    // One behind the other: whether the value is there (1 or 0), the header and the key as they
    // should be in the log, and room for the value, in which the place is until then. All that has
    // to do with a record is in one place, since each look at another one is a wait for memory.
    std::vector<char, io::LargePages<char>> records_;

    std::vector<log::LogName> logs_;  // an active log and a sealed one of its number are two
    log::LogMap log_begins_;          // the places in each
    ReadPlan plan_;

    std::uint64_t bytes_wanted_ = 0;             // of records that are to be read
    std::atomic<std::uint64_t> bytes_read_ = 0;  // with what lies between them
    std::atomic<std::size_t> pieces_ = 0;        // in which they were read

    std::size_t at_ = kNone;  // the record at hand, in records_
    std::size_t next_ = 0;
};

}  // namespace bitask::store
