#include "store/value_batch.hpp"

#include "bitask/error.hpp"
#include "codec/crc32.hpp"
#include "store/pair_sorter.hpp"
#include "store/places.hpp"

#include <algorithm>
#include <span>

namespace bitask::store {
namespace {

// Larger records gain nothing by being read in order.
constexpr std::uint64_t kMaxRecord = 32 * 1024;

// Bytes between two records that are read along rather than left out: a call costs as much.
constexpr std::uint64_t kMaxGap = 4096;
constexpr std::uint64_t kMaxWindow = 64 * 1024;

std::uint64_t end_of(const keydir::Entry& entry) {
    return entry.location.offset + entry.header.record_size();
}

}  // namespace

// Reads neighbouring records of one log in one piece.
class ValueBatch::Window {
public:
    // Makes the file's bytes from `begin` to `end` available; nothing when they are not all there.
    std::string_view read(const io::File& file, std::uint64_t begin, std::uint64_t end) {
        const auto size = static_cast<std::size_t>(end - begin);
        if (buffer_.size() < size) {
            buffer_.resize(size);
        }
        try {
            const std::size_t got =
                file.read(begin, std::as_writable_bytes(std::span{buffer_}.first(size)));
            return {buffer_.data(), got};
        } catch (const Error&) {
            return {};  // whoever reads the records alone is told why
        }
    }

private:
    std::vector<char> buffer_;
};

bool ValueBatch::add(std::string_view key, const keydir::Entry& entry) {
    const std::uint64_t size = entry.header.record_size();
    const std::size_t bytes =
        key.size() +
        (size > kMaxRecord ? 0 : static_cast<std::size_t>(entry.header.payload_size()));
    if (!records_.empty() && (records_.size() == kMaxRecords || bytes_ + bytes > kMaxBytes)) {
        return false;
    }
    records_.push_back({.entry = entry, .key_begin = static_cast<std::uint32_t>(keys_.size())});
    keys_ += key;
    bytes_ += bytes;
    return true;
}

void ValueBatch::read(LogFiles& files, const std::vector<log::LogName>& listed) {
    Places logs;
    std::vector<NumberPair> places;
    places.reserve(records_.size());
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const keydir::Entry& entry = records_[i].entry;
        if (entry.header.record_size() > kMaxRecord || entry.location.offset > Places::kMaxOffset) {
            continue;
        }
        if (logs.begin_of(entry.location.log) == nullptr) {
            logs.add(entry.location.log, 0);
        }
        places.push_back({*logs.begin_of(entry.location.log) + entry.location.offset, i});
    }
    sort_by_first(places);
    payloads_.reserve(bytes_ - keys_.size());

    constexpr std::size_t kFar = 16;
    Window window;
    std::size_t next = 0;
    while (next < places.size()) {
        // As many as one piece holds.
        const keydir::Entry& first = records_[places[next].second].entry;
        const std::uint64_t begin = first.location.offset;
        std::uint64_t end = end_of(first);
        std::size_t behind = next + 1;
        for (; behind < places.size(); ++behind) {
            if (behind + kFar < places.size()) {  // in another order than they have in memory
                const keydir::Entry& far = records_[places[behind + kFar].second].entry;
                __builtin_prefetch(&far.location);
                __builtin_prefetch(&far.header);
            }
            const keydir::Entry& entry = records_[places[behind].second].entry;
            if (places[behind].first >> Places::kOffsetBits !=
                    places[next].first >> Places::kOffsetBits ||
                entry.location.offset < end || entry.location.offset - end > kMaxGap ||
                end_of(entry) - begin > kMaxWindow) {
                break;
            }
            end = end_of(entry);
        }
        if (const auto file = files.open(first.location.log, listed)) {
            const std::string_view bytes = window.read(*file, begin, end);
            for (; next < behind; ++next) {
                Record& record = records_[places[next].second];
                const std::uint64_t at = record.entry.location.offset - begin;
                if (at < bytes.size()) {
                    keep(record, bytes.substr(static_cast<std::size_t>(at)));
                }
            }
        }
        next = behind;
    }
}

// The record stands at the front of the bytes, or should. Its key is looked at when it is asked
// for, in the order of the keys.
void ValueBatch::keep(Record& record, std::string_view bytes) {
    const log::RecordHeader& header = record.entry.header;
    bytes = bytes.substr(0, static_cast<std::size_t>(header.record_size()));
    if (bytes.size() < header.record_size()) {
        return;
    }
    const auto front = std::as_bytes(std::span{bytes}).first<log::kHeaderSize>();
    const std::string_view payload = bytes.substr(log::kHeaderSize);
    if (log::decode_header(front) == header && codec::crc32(payload) == header.crc) {
        record.payload_begin = static_cast<std::uint32_t>(payloads_.size());
        payloads_ += payload;
    }
}

void ValueBatch::clear() {
    records_.clear();
    keys_.clear();
    payloads_.clear();
    bytes_ = 0;
}

std::string_view ValueBatch::key(std::size_t index) const {
    const Record& record = records_[index];
    return std::string_view{keys_}.substr(record.key_begin, record.entry.header.key_size);
}

std::optional<std::string_view> ValueBatch::value(std::size_t index) const {
    const Record& record = records_[index];
    constexpr std::size_t kFar = 16;
    constexpr std::size_t kLine = 64;  // bytes of a cache's line, on most processors
    if (index + kFar < records_.size()) {
        const std::size_t begin = records_[index + kFar].payload_begin;
        for (std::size_t at = begin; at < std::min(begin + 3 * kLine, payloads_.size());
             at += kLine) {
            __builtin_prefetch(&payloads_[at]);
        }
    }
    if (record.payload_begin == Record::kUnread) {
        return std::nullopt;
    }
    const std::string_view payload = std::string_view{payloads_}.substr(
        record.payload_begin, static_cast<std::size_t>(record.entry.header.payload_size()));
    const std::string_view key = this->key(index);
    return payload.starts_with(key) ? std::optional{payload.substr(key.size())} : std::nullopt;
}

}  // namespace bitask::store
