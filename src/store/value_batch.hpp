#pragma once

#include "io/environment.hpp"
#include "io/worker.hpp"
#include "keydir/entry.hpp"
#include "log/log_name.hpp"
#include "store/log_files.hpp"
#include "store/pair_sorter.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// The values of many records, read in the order in which they stand in the logs, not in that in
// which they are asked for. Memory is bounded: some bytes for each record, and kMaxBytes of keys
// and records.
//
// It is a help, and no more: what it cannot read, whatever the reason, has to be read alone.
class ValueBatch {
public:
    static constexpr std::size_t kMaxRecords = 128 * 1024;
    static constexpr std::size_t kMaxBytes = 9 * 1024 * 1024;

    // Takes note of a live record; false when there is no more room. Records that are large stay
    // unread.
    bool add(std::string_view key, const keydir::Entry& entry);

    // Once, after the last add(). `listed` are the logs of the store, as LogFiles wants them.
    // The helper, where there is one, does half of it.
    void read(LogFiles& files, const std::vector<log::LogName>& listed, io::Worker* helper);

    // Whether records that were asked for together stand together in the logs, too: a larger batch
    // would then be read no faster.
    [[nodiscard]] bool found_together() const noexcept {
        constexpr std::size_t kMany = 64;
        return records_.size() >= kMany * pieces_;
    }

    void clear();

    // Of the records, in the order in which they were added.
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] std::string_view key(std::size_t index) const;
    [[nodiscard]] const keydir::Entry& entry(std::size_t index) const { return records_[index]; }

    // Checked as log::read_value() does. Nothing when the record is not there, is not what it
    // should be, or is large.
    [[nodiscard]] std::optional<std::string_view> value(std::size_t index) const;

private:
    static constexpr std::uint32_t kUnread = UINT32_MAX;
    using OpenLog = std::function<std::shared_ptr<const io::File>(std::size_t index)>;

    [[nodiscard]] std::vector<NumberPair> places() const;
    [[nodiscard]] static std::size_t total_size(std::span<const NumberPair> places);
    [[nodiscard]] static std::size_t in_one_piece(std::span<const NumberPair> places);
    std::size_t read(std::span<const NumberPair> places, std::size_t to, const OpenLog& open);

    std::vector<keydir::Entry> records_;
    std::vector<std::uint32_t> key_ends_;  // of each record's key, in keys_
    std::string keys_;
    std::vector<std::uint32_t>
        begins_;              // of each record, in bytes_; kUnread for those that are not
    std::string bytes_;       // of records, in the order of the logs
    std::size_t size_ = 0;    // of keys, and of records that will be read
    std::size_t pieces_ = 0;  // in which they were read
};

}  // namespace bitask::store
