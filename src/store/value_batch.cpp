#include "store/value_batch.hpp"

#include "bitask/error.hpp"
#include "log/stored_value.hpp"

#include <algorithm>
#include <array>

namespace bitask::store {
namespace {

// Larger records gain nothing by being read in order.
constexpr std::uint64_t kMaxRecord = 32 * 1024;

// Bytes between two records that are read along rather than left out: a call costs as much.
constexpr std::uint64_t kMaxGap = 8192;
constexpr std::uint64_t kMaxPiece = 64 * 1024;

// From so many records on, a batch is likely to become a large one.
constexpr std::size_t kMany = 16 * 1024;

// So many records ahead the processor is asked for what is known of them, and for where their keys
// and values are.
constexpr std::size_t kFar = 24;
constexpr std::size_t kNear = 8;

// How much of a number tells the index of a record; above it is its size.
constexpr unsigned kIndexBits = 32;

std::size_t index_of(const NumberPair& place) {
    return static_cast<std::size_t>(place.second & UINT32_MAX);
}

std::size_t size_of(const NumberPair& place) {
    return static_cast<std::size_t>(place.second >> kIndexBits);
}

// As far as they can be read; of the rest, whoever reads those records alone is told why.
std::string_view read_bytes(LogFiles& files, const log::LogName& log,
                            const std::vector<log::LogName>& listed, std::uint64_t begin,
                            std::span<char> buffer) {
    try {
        const auto file = files.open(log, listed);
        if (!file) {
            return {};
        }
        return {buffer.data(), file->read(begin, std::as_writable_bytes(buffer))};
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

bool ValueBatch::add(std::string_view key, const keydir::Entry& entry) {
    const std::uint64_t record_size = entry.header.record_size();
    const bool placed = entry.location.offset <= Places::kMaxOffset;
    const bool read = placed && record_size <= kMaxRecord;
    const std::size_t value_size = read ? entry.header.value_size : 0;
    const std::size_t size = kRecordBytes + key.size() + value_size;
    if (!records_.empty() && size_ + size > max_bytes_) {
        return false;
    }
    if (records_.size() == kMany) {
        reserve();
    }
    keys_.insert(keys_.end(), key.begin(), key.end());
    Record record{.timestamp = entry.header.timestamp,
                  .crc = entry.header.crc,
                  .value_size = entry.header.value_size,
                  .key_end = static_cast<std::uint32_t>(keys_.size()),
                  .value_begin = static_cast<std::uint32_t>(values_size_)};
    if (placed) {
        record.place = begin_of(entry.location.log) + entry.location.offset;
    }
    if (read) {
        places_.push_back({record.place, record_size << kIndexBits | records_.size()});
        bytes_wanted_ += record_size;
    }
    records_.push_back(record);
    size_ += size;
    values_size_ += value_size;
    if (size_ - values_size_ + values_.capacity() > most_memory()) {
        io::give_back(values_);  // of a batch with fewer or larger values
    }
    return true;
}

// Where a log's places begin.
std::uint64_t ValueBatch::begin_of(const log::LogName& log) {
    if (const std::uint64_t* const begin = log_begins_.find(log)) {
        return *begin;
    }
    const std::uint64_t begin = std::uint64_t{logs_.size()} << Places::kOffsetBits;
    log_begins_.add(log, begin);
    logs_.push_back(log);
    return begin;
}

void ValueBatch::read(LogFiles& files, const std::vector<log::LogName>& listed) {
    {
        const std::lock_guard lock{mutex_};
        if (!sorted_) {
            sort_by_first(places_, scratch_);
            sorted_ = true;
        }
    }
    for (auto part = take_part(); !part.empty(); part = take_part()) {
        read_part(part, files, listed);
    }
}

// Vectors that grow leave holes of half their size in memory. What is not touched takes none.
void ValueBatch::reserve() {
    records_.reserve(max_bytes_ / kRecordBytes);
    places_.reserve(max_bytes_ / kRecordBytes);
    scratch_.reserve(max_bytes_ / kRecordBytes);
    keys_.reserve(max_bytes_ / 4);
}

void ValueBatch::shrink() {
    io::give_back(scratch_);  // first: the others need memory to be moved to
    records_.shrink_to_fit();
    places_.shrink_to_fit();
    keys_.shrink_to_fit();
    most_records_ = records_.size();
    most_keys_ = keys_.size();
}

// Not by a helper: memory that different threads take and give back comes from different places.
void ValueBatch::prepare() {
    most_records_ = std::max(most_records_, records_.size());
    most_keys_ = std::max(most_keys_, keys_.size());
    if (most_records_ * kRecordBytes + most_keys_ + values_size_ > most_memory()) {
        shrink();  // since there was a batch with more records
    }
    if (values_.capacity() < values_size_) {
        io::give_back(values_);
        values_.reserve(values_size_ + values_size_ / 16);  // the next batch is much like this one
    }
    values_.resize(values_size_);
    found_.assign(records_.size(), 0);
}

// Some of those that nobody has begun with; none at the end.
std::span<const NumberPair> ValueBatch::take_part() {
    constexpr std::size_t kParts = 16;
    constexpr std::size_t kFewest = 1024;
    const std::lock_guard lock{mutex_};
    const auto rest = std::span<const NumberPair>{places_}.subspan(begun_);
    const auto part = rest.first(std::min(rest.size(), std::max(places_.size() / kParts, kFewest)));
    begun_ += part.size();
    return part;
}

// How many of them, from the first on, are read in one piece.
std::size_t ValueBatch::in_one_piece(std::span<const NumberPair> places) {
    const std::uint64_t begin = places.front().first;
    std::uint64_t end = begin + size_of(places.front());
    std::size_t count = 1;
    for (; count < places.size(); ++count) {
        const NumberPair& next = places[count];
        if (next.first < end || next.first - end > kMaxGap ||
            next.first + size_of(next) - begin > kMaxPiece ||
            Places::index(next.first) != Places::index(begin)) {
            break;
        }
        end = next.first + size_of(next);
    }
    return count;
}

void ValueBatch::read_part(std::span<const NumberPair> places, LogFiles& files,
                           const std::vector<log::LogName>& listed) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is looked at
    std::array<char, kMaxPiece> buffer;
    std::size_t pieces = 0;
    std::uint64_t bytes_read = 0;
    for (; !places.empty(); ++pieces) {
        const auto piece = places.first(in_one_piece(places));
        const std::uint64_t begin = piece.front().first;
        const auto size =
            static_cast<std::size_t>(piece.back().first + size_of(piece.back()) - begin);
        const std::string_view bytes =
            read_bytes(files, logs_[Places::index(begin)], listed, Places::offset(begin),
                       std::span{buffer}.first(size));
        for (std::size_t i = 0; i < piece.size(); ++i) {
            // They are in another order than the places. (Not in a function of its own: GCC takes
            // one that only prefetches for one that does nothing, and leaves it out.)
            if (i + kFar < places.size()) {
                __builtin_prefetch(&records_[index_of(places[i + kFar])]);
                const Record& near = records_[index_of(places[i + kNear])];
                __builtin_prefetch(keys_.data() + near.key_end - 1);
                __builtin_prefetch(values_.data() + near.value_begin, 1);
                __builtin_prefetch(values_.data() + near.value_begin + near.value_size - 1, 1);
            }
            const auto at = static_cast<std::size_t>(piece[i].first - begin);
            const std::string_view record =
                bytes.substr(std::min(at, bytes.size()), size_of(piece[i]));
            const std::size_t index = index_of(piece[i]);
            if (const auto value = log::value_in(record, header(index), key(index))) {
                value->copy(values_.data() + records_[index].value_begin, value->size());
                found_[index] = 1;
            }
        }
        places = places.subspan(piece.size());
        bytes_read += size;
    }
    pieces_ += pieces;
    bytes_read_ += bytes_read;
}

void ValueBatch::clear() {
    records_.clear();
    keys_.clear();
    size_ = 0;
    values_size_ = 0;
    logs_.clear();
    log_begins_ = {};
    places_.clear();
    sorted_ = false;
    begun_ = 0;
    found_.clear();
    bytes_wanted_ = 0;
    bytes_read_ = 0;
    pieces_ = 0;
}

void ValueBatch::release() {
    clear();
    shrink();
    io::give_back(values_);
    io::give_back(found_);
}

std::string_view ValueBatch::key(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : records_[index - 1].key_end;
    return {keys_.data() + begin, records_[index].key_end - begin};
}

std::optional<keydir::Entry> ValueBatch::entry(std::size_t index) const {
    const Record& record = records_[index];
    if (record.place == kNoPlace) {
        return std::nullopt;
    }
    return keydir::Entry{.location = {.log = logs_[Places::index(record.place)],
                                      .offset = Places::offset(record.place)},
                         .header = header(index)};
}

log::RecordHeader ValueBatch::header(std::size_t index) const {
    const Record& record = records_[index];
    return {.crc = record.crc,
            .timestamp = record.timestamp,
            .key_size = static_cast<std::uint32_t>(key(index).size()),
            .value_size = record.value_size};
}

std::optional<std::string_view> ValueBatch::value(std::size_t index) const {
    if (index >= found_.size() || found_[index] == 0) {
        return std::nullopt;
    }
    const Record& record = records_[index];
    return std::string_view{values_.data() + record.value_begin, record.value_size};
}

}  // namespace bitask::store
