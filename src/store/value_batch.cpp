#include "store/value_batch.hpp"

#include "bitask/error.hpp"
#include "log/stored_value.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace bitask::store {
namespace {

// Larger records gain nothing by being read in order.
constexpr std::uint64_t kMaxRecord = 32 * 1024;
static_assert(kMaxRecord <= ReadPlan::kMaxSize);

// Bytes between two records that are read along rather than left out: a call costs as much.
constexpr std::uint64_t kMaxGap = 8192;
constexpr std::uint64_t kMaxPiece = 64 * 1024;

// So many records ahead the processor is asked for where they go to.
constexpr std::size_t kAhead = 12;
constexpr std::size_t kCacheLine = 64;  // bytes

// More are too many to be known at a time: records of others are read alone.
constexpr std::size_t kMaxLogs = 16 * 1024;

// Before a record's key.
constexpr std::size_t kFront = 1 + log::kHeaderSize;

// How many of them, from the first on, are read in one piece.
std::size_t in_one_piece(std::span<const ReadPlan::Item> items) {
    const std::uint64_t begin = items.front().offset();
    std::uint64_t end = items.front().end();
    std::size_t count = 1;
    for (; count < items.size(); ++count) {
        const ReadPlan::Item& next = items[count];
        if (next.offset() < end || next.offset() - end > kMaxGap ||
            next.end() - begin > kMaxPiece) {
            break;
        }
        end = next.end();
    }
    return count;
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

ValueBatch::ValueBatch(std::size_t max_bytes)
    : max_bytes_{std::min(max_bytes, ReadPlan::kMaxPosition)} {}

bool ValueBatch::add(std::string_view key, const keydir::Entry& entry) {
    log::RecordHeader header = entry.header;
    header.key_size = static_cast<std::uint32_t>(key.size());
    const std::size_t size = kFront + key.size() + room_for_value(header);
    if (size_ != 0 && records_.size() + plan_.bytes() + size > max_bytes_) {
        return false;
    }
    make_room(size);
    const std::uint64_t place = place_of(entry.location);
    const std::size_t position = records_.size();
    if (place != kNoPlace && header.record_size() <= kMaxRecord) {
        plan_.add(place, static_cast<std::size_t>(header.record_size()), position);
        bytes_wanted_ += header.record_size();
    }
    records_.resize(position + size);  // there is room: from here on, nothing throws
    const std::span<char> record = std::span{records_}.subspan(position);
    record[0] = 0;
    log::encode_header(header, std::as_writable_bytes(record).subspan<1, log::kHeaderSize>());
    key.copy(record.data() + kFront, key.size());
    std::memcpy(record.data() + kFront + key.size(), &place, sizeof place);
    ++size_;
    return true;
}

// A vector that grows is moved, and all that it moves to is touched: but for a small one it takes
// all that it may at once, of which only what is used will be in memory.
void ValueBatch::make_room(std::size_t size) {
    constexpr std::size_t kSmall = 1024 * 1024;
    const std::size_t needed = records_.size() + size;
    if (needed > records_.capacity()) {
        records_.reserve(needed <= kSmall ? 2 * needed : std::max(needed, max_bytes_));
    }
}

std::uint64_t ValueBatch::place_of(const log::Location& location) {
    if (location.offset > Places::kMaxOffset) {
        return kNoPlace;
    }
    if (const std::uint64_t* const begin = log_begins_.find(location.log)) {
        return *begin + location.offset;
    }
    if (logs_.size() == kMaxLogs) {
        return kNoPlace;
    }
    const std::uint64_t begin = std::uint64_t{logs_.size()} << Places::kOffsetBits;
    logs_.push_back(location.log);
    log_begins_.add(location.log, begin);
    return begin + location.offset;
}

void ValueBatch::read(LogFiles& files, const std::vector<log::LogName>& listed) {
    while (const auto part = plan_.take()) {
        read_part(*part, files, listed);
    }
}

void ValueBatch::read_part(const ReadPlan::Part& part, LogFiles& files,
                           const std::vector<log::LogName>& listed) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is looked at
    std::array<char, kMaxPiece> buffer;
    const log::LogName& log = logs_[Places::index(part.begin)];
    std::size_t pieces = 0;
    std::uint64_t bytes_read = 0;
    for (auto items = part.items; !items.empty(); ++pieces) {
        const auto piece = items.first(in_one_piece(items));
        const std::uint64_t begin = piece.front().offset();
        const auto size = static_cast<std::size_t>(piece.back().end() - begin);
        const std::string_view bytes = read_bytes(
            files, log, listed, Places::offset(part.begin) + begin, std::span{buffer}.first(size));
        for (std::size_t i = 0; i < piece.size(); ++i) {
            // (Not in a function of its own: GCC takes one that only prefetches for one that does
            // nothing, and leaves it out.)
            if (i + kAhead < items.size()) {
                const ReadPlan::Item& ahead = items[i + kAhead];
                const char* const place = records_.data() + ahead.position();
                for (std::size_t line = 0; line <= ahead.size(); line += kCacheLine) {
                    __builtin_prefetch(place + line, 1);
                }
            }
            const ReadPlan::Item& item = piece[i];
            const auto at = static_cast<std::size_t>(item.offset() - begin);
            const std::string_view record = bytes.substr(std::min(at, bytes.size()), item.size());
            const log::RecordHeader expected = header(item.position());
            const std::string_view its_key = key(item.position(), expected);
            if (const auto value = log::value_in(record, expected, its_key)) {
                value->copy(&records_[item.position() + kFront + its_key.size()], value->size());
                records_[item.position()] = 1;
            }
        }
        items = items.subspan(piece.size());
        bytes_read += size;
    }
    pieces_ += pieces;
    bytes_read_ += bytes_read;
}

void ValueBatch::clear() {
    records_.clear();
    size_ = 0;
    at_ = kNone;
    next_ = 0;
    plan_.clear();
    if (plan_.bytes() > max_bytes_ / 8 || logs_.size() == kMaxLogs) {
        forget_places();  // in large stores, the next records are elsewhere
    }
    bytes_wanted_ = 0;
    bytes_read_ = 0;
    pieces_ = 0;
}

void ValueBatch::release() {
    clear();
    io::give_back(records_);
    forget_places();
}

void ValueBatch::forget_places() {
    plan_.release();
    io::give_back(logs_);
    log_begins_ = {};
}

bool ValueBatch::next() {
    if (next_ == records_.size()) {
        return false;
    }
    at_ = next_;
    const log::RecordHeader record = header(at_);
    next_ += kFront + record.key_size + room_for_value(record);
    return true;
}

std::string_view ValueBatch::key() const {
    return key(at_, header(at_));
}

std::optional<std::string_view> ValueBatch::value() const {
    if (records_[at_] == 0) {
        return std::nullopt;
    }
    const log::RecordHeader record = header(at_);
    return std::string_view{&records_[at_ + kFront + record.key_size], record.value_size};
}

std::optional<keydir::Entry> ValueBatch::entry() const {
    const log::RecordHeader record = header(at_);
    std::uint64_t place = kNoPlace;
    if (records_[at_] == 0) {
        std::memcpy(&place, &records_[at_ + kFront + record.key_size], sizeof place);
    }
    if (place == kNoPlace) {
        return std::nullopt;
    }
    return keydir::Entry{
        .location = {.log = logs_[Places::index(place)], .offset = Places::offset(place)},
        .header = record};
}

log::RecordHeader ValueBatch::header(std::size_t position) const {
    const std::span<const char> record = std::span{records_}.subspan(position);
    return log::decode_header(std::as_bytes(record).subspan<1, log::kHeaderSize>());
}

std::string_view ValueBatch::key(std::size_t position, const log::RecordHeader& header) const {
    return {records_.data() + position + kFront, header.key_size};
}

std::size_t ValueBatch::room_for_value(const log::RecordHeader& header) {
    const std::size_t value = header.record_size() <= kMaxRecord ? header.value_size : 0;
    return std::max(value, sizeof(std::uint64_t));
}

}  // namespace bitask::store
