#pragma once

#include "io/large_pages.hpp"
#include "keydir/entry.hpp"
#include "log/log_map.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"
#include "store/log_files.hpp"
#include "store/pair_sorter.hpp"
#include "store/places.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
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
    explicit ValueBatch(std::size_t max_bytes) : max_bytes_{max_bytes} {}

    // Takes note of a live record; false when there is no more room. Records that are large stay
    // unread.
    bool add(std::string_view key, const keydir::Entry& entry);

    // After the last add().
    void prepare();

    // Then: reads what no other thread has begun with, so that several threads may share the work
    // by calling this, each of them once. `listed` are the logs of the store, as LogFiles wants
    // them.
    void read(LogFiles& files, const std::vector<log::LogName>& listed);

    // Whether records that were asked for together stand together in the logs, too: a larger batch
    // would then be read no faster.
    [[nodiscard]] bool found_together() const noexcept {
        constexpr std::size_t kMany = 64;
        return records_.size() >= kMany * pieces_ && bytes_read_ / 2 <= bytes_wanted_;
    }

    void clear();    // keeps what memory it may
    void release();  // keeps none

    // Of the records, in the order in which they were added.
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return size_; }  // as max_bytes counts
    [[nodiscard]] std::string_view key(std::size_t index) const;

    // Nothing for one so far back in its log that the batch cannot tell.
    [[nodiscard]] std::optional<keydir::Entry> entry(std::size_t index) const;

    // After all calls of read(). Checked as log::read_value() does. Nothing when the record is not
    // there, is not what it should be, or is large.
    [[nodiscard]] std::optional<std::string_view> value(std::size_t index) const;

private:
    static constexpr std::uint64_t kNoPlace = UINT64_MAX;

    template <typename Item>
    using LargeVector = std::vector<Item, io::LargePages<Item>>;

    struct Record {
        std::uint64_t place = kNoPlace;
        std::uint64_t timestamp = 0;
        std::uint32_t crc = 0;
        std::uint32_t value_size = 0;
        std::uint32_t key_end = 0;      // in keys_
        std::uint32_t value_begin = 0;  // in values_
    };

    // In memory for each record but its key and value, while the places are sorted.
    static constexpr std::size_t kRecordBytes = sizeof(Record) + 2 * sizeof(NumberPair) + 1;

    [[nodiscard]] log::RecordHeader header(std::size_t index) const;
    [[nodiscard]] std::uint64_t begin_of(const log::LogName& log);
    void reserve();
    void shrink();

    // Where batches are not alike, what one has left is given back before there is more than that.
    [[nodiscard]] std::size_t most_memory() const noexcept { return max_bytes_ + max_bytes_ / 8; }
    [[nodiscard]] std::span<const NumberPair> take_part();
    [[nodiscard]] static std::size_t in_one_piece(std::span<const NumberPair> places);
    void read_part(std::span<const NumberPair> places, LogFiles& files,
                   const std::vector<log::LogName>& listed);

    std::size_t max_bytes_;
    LargeVector<Record> records_;
    LargeVector<char> keys_;
    std::size_t size_ = 0;            // bytes, as max_bytes_ counts
    std::size_t values_size_ = 0;     // of those that will be read
    std::vector<log::LogName> logs_;  // an active log and a sealed one of its number are two
    log::LogMap log_begins_;          // the places in each

    // Of the records that are to be read, in the order of their places once that is needed; each
    // with its size and index, so that nothing else need be looked at that is in another order.
    NumberPairs places_;
    NumberPairs scratch_;  // for sorting them

    std::mutex mutex_;
    bool sorted_ = false;
    std::size_t begun_ = 0;  // places that a thread has begun with

    // The most that there was of each since shrink(): so much memory was touched.
    std::size_t most_records_ = 0;
    std::size_t most_keys_ = 0;  // bytes

    LargeVector<char> values_;
    LargeVector<char> found_;                    // whether a record's value is there
    std::uint64_t bytes_wanted_ = 0;             // of records that are to be read
    std::atomic<std::uint64_t> bytes_read_ = 0;  // with what lies between them
    std::atomic<std::size_t> pieces_ = 0;        // in which they were read
};

}  // namespace bitask::store
