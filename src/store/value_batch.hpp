#pragma once

#include "keydir/entry.hpp"
#include "log/log_name.hpp"
#include "store/log_files.hpp"
#include "store/pair_sorter.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// The values of many records, read in the order in which they stand in the logs, not in that in
// which they are asked for. Memory is bounded: some bytes for each record, and kMaxBytes of keys
// and values.
//
// It is a help, and no more: what it cannot read, whatever the reason, has to be read alone.
class ValueBatch {
public:
    static constexpr std::size_t kMaxRecords = 128 * 1024;
    static constexpr std::size_t kMaxBytes = 12 * 1024 * 1024;

    // Takes note of a live record; false when there is no more room. Records that are large stay
    // unread.
    bool add(std::string_view key, const keydir::Entry& entry);

    // Once, after the last add(). `listed` are the logs of the store, as LogFiles wants them.
    void read(LogFiles& files, const std::vector<log::LogName>& listed);

    void clear();

    // Of the records, in the order in which they were added.
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] std::string_view key(std::size_t index) const;
    [[nodiscard]] const keydir::Entry& entry(std::size_t index) const {
        return records_[index].entry;
    }

    // Checked as log::read_value() does. Nothing when the record is not there, is not what it
    // should be, or is large.
    [[nodiscard]] std::optional<std::string_view> value(std::size_t index) const;

private:
    struct Record {
        static constexpr std::uint32_t kUnread = UINT32_MAX;
        keydir::Entry entry;
        std::uint32_t key_begin = 0;            // in keys_
        std::uint32_t payload_begin = kUnread;  // in payloads_
    };
    class Window;

    void keep(Record& record, std::string_view bytes);

    std::vector<Record> records_;
    std::string keys_;
    std::string payloads_;   // keys and values, as they stand in the logs
    std::size_t bytes_ = 0;  // of keys, and of payloads that will be read
};

}  // namespace bitask::store
