#include "store/value_batch.hpp"

#include "bitask/error.hpp"
#include "codec/crc32.hpp"
#include "store/pair_sorter.hpp"
#include "store/places.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <numeric>

namespace bitask::store {
namespace {

// Larger records gain nothing by being read in order.
constexpr std::uint64_t kMaxRecord = 32 * 1024;

// Bytes between two records that are read along rather than left out: a call costs as much.
constexpr std::uint64_t kMaxGap = 4096;
constexpr std::uint64_t kMaxPiece = 64 * 1024;

// Of a log, so much is mapped at a time: the system counts what was looked at as the process's
// memory.
constexpr std::size_t kWindow = 1024 * 1024;

// Where so many records are read in one piece, and make up half of it or more, nothing is faster.
constexpr std::size_t kManyInPiece = 16;

// So many records in a window are worth mapping it: each page fault costs as much as a call or two,
// and shows 64 KiB.
constexpr std::size_t kManyInWindow = 32;

// Records are asked for so many ahead.
constexpr std::size_t kAhead = 16;
constexpr std::size_t kLine = 64;  // bytes of a cache's line, on most processors

// How much of a number tells the index of a record; above it is its size.
constexpr unsigned kIndexBits = 32;

std::size_t index_of(const NumberPair& place) {
    return static_cast<std::size_t>(place.second & UINT32_MAX);
}

std::size_t size_of(const NumberPair& place) {
    return static_cast<std::size_t>(place.second >> kIndexBits);
}

log::RecordHeader header_of(std::string_view record) {
    return log::decode_header(std::as_bytes(std::span{record}).first<log::kHeaderSize>());
}

// Whether a record of that size can be these bytes. That it is the one that was asked for is looked
// at when it is, in the order in which they are asked for.
bool is_whole(std::string_view bytes) {
    const log::RecordHeader header = header_of(bytes);
    return header.record_size() == bytes.size() &&
           codec::crc32(bytes.substr(log::kHeaderSize)) == header.crc;
}

// As far as they can be read; of the rest, whoever reads those records alone is told why.
std::string_view read_bytes(const io::File& file, std::uint64_t begin, std::span<char> buffer) {
    try {
        return {buffer.data(), file.read(begin, std::as_writable_bytes(buffer))};
    } catch (const Error&) {
        return {};
    }
}

// A part of a log that is mapped, so that records with something between them need neither a call
// each nor the rest copied along with them.
class Window {
public:
    // The record at the first place is what is wanted next, those behind it later. False where that
    // is not worth it, or not to be had.
    [[nodiscard]] bool move_to(const io::File& file, std::span<const NumberPair> places) {
        mapping_.reset();
        bytes_ = {};
        begin_ = places.front().first;
        shown_ = 0;
        const auto end = std::ranges::partition_point(places, [this](const NumberPair& place) {
            return place.first + size_of(place) <= begin_ + kWindow;
        });
        const auto count = static_cast<std::size_t>(end - places.begin());
        if (count < kManyInWindow) {
            return false;
        }
        const NumberPair& last = places[count - 1];
        mapping_ = file.map(Places::offset(begin_),
                            static_cast<std::size_t>(last.first + size_of(last) - begin_));
        if (mapping_) {
            const auto bytes = mapping_->bytes();
            bytes_ = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        }
        return mapping_ != nullptr;
    }

    [[nodiscard]] bool has(std::uint64_t begin, std::size_t size) const {
        return begin >= begin_ && begin - begin_ <= bytes_.size() &&
               size <= bytes_.size() - (begin - begin_);
    }

    [[nodiscard]] std::string_view bytes(std::uint64_t begin, std::size_t size) const {
        return bytes_.substr(static_cast<std::size_t>(begin - begin_), size);
    }

    // Asks the processor for a record that will be looked at soon. It does not ask for what no page
    // fault has shown yet; so that is looked at now.
    void ask_for(const NumberPair& place) {
        if (!has(place.first, size_of(place))) {
            return;
        }
        const std::string_view record = bytes(place.first, size_of(place));
        const auto address = reinterpret_cast<std::uintptr_t>(record.data());
        if (address / kShown != shown_) {
            shown_ = address / kShown;
            static_cast<void>(*static_cast<const volatile char*>(record.data()));
        }
        for (std::size_t at = 0; at < std::min(record.size(), kMostAhead); at += kLine) {
            __builtin_prefetch(&record[at]);
        }
    }

private:
    static constexpr std::size_t kMostAhead = 8 * kLine;  // then the processor sees by itself
    static constexpr std::uintptr_t kShown = 64 * 1024;   // bytes that a page fault shows

    std::uint64_t begin_ = 0;  // a place
    std::unique_ptr<io::Mapping> mapping_;
    std::string_view bytes_;    // of the mapping
    std::uintptr_t shown_ = 0;  // the stretch of addresses that was looked at last
};

// So many bytes from the first place on as the target has; fewer where they are not to be had. They
// are read to the target, or shown in the window, where there is one and it is worth it.
template <typename OpenLog>
std::string_view bytes_of(std::span<const NumberPair> places, Window* window,
                          std::span<char> target, const OpenLog& open) {
    const std::uint64_t begin = places.front().first;
    if (window != nullptr && window->has(begin, target.size())) {
        return window->bytes(begin, target.size());
    }
    const auto file = open(index_of(places.front()));
    if (!file) {
        return {};
    }
    if (window != nullptr && window->move_to(*file, places)) {
        return window->bytes(begin, target.size());
    }
    return read_bytes(*file, Places::offset(begin), target);
}

}  // namespace

bool ValueBatch::add(std::string_view key, const keydir::Entry& entry) {
    const std::uint64_t record_size = entry.header.record_size();
    const std::size_t size =
        key.size() + (record_size > kMaxRecord ? 0 : static_cast<std::size_t>(record_size));
    if (!records_.empty() && (records_.size() == kMaxRecords || size_ + size > kMaxBytes)) {
        return false;
    }
    records_.push_back(entry);
    keys_ += key;
    key_ends_.push_back(static_cast<std::uint32_t>(keys_.size()));
    size_ += size;
    return true;
}

void ValueBatch::read(LogFiles& files, const std::vector<log::LogName>& listed,
                      io::Worker* helper) {
    const std::vector<NumberPair> sorted = places();
    const std::span<const NumberPair> all{sorted};
    begins_.assign(records_.size(), kUnread);
    bytes_.resize(total_size(all));
    const OpenLog open = [&](std::size_t index) {
        return files.open(records_[index].location.log, listed);
    };
    const auto first = helper == nullptr ? all : all.first(all.size() / 2);
    std::size_t pieces_of_second = 0;
    std::exception_ptr failure;
    const auto read_second = [&] {
        try {
            pieces_of_second = read(all.subspan(first.size()), total_size(first), open);
        } catch (...) {
            failure = std::current_exception();
        }
    };
    {
        const io::Beside second{helper, read_second};
        pieces_ = read(first, 0, open);
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    pieces_ += pieces_of_second;
}

// Of all records that are to be read, in the order of their places; each with its size and index,
// so that nothing else need be looked at that is in another order.
std::vector<NumberPair> ValueBatch::places() const {
    Places logs;
    std::vector<NumberPair> places;
    places.reserve(records_.size());
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const keydir::Entry& entry = records_[i];
        const std::uint64_t size = entry.header.record_size();
        if (size > kMaxRecord || entry.location.offset > Places::kMaxOffset) {
            continue;
        }
        const std::uint64_t* begin = logs.begin_of(entry.location.log);
        if (begin == nullptr) {
            logs.add(entry.location.log, 0);
            begin = logs.begin_of(entry.location.log);
        }
        places.push_back({*begin + entry.location.offset, size << kIndexBits | i});
    }
    sort_by_first(places);
    return places;
}

std::size_t ValueBatch::total_size(std::span<const NumberPair> places) {
    return std::accumulate(
        places.begin(), places.end(), std::size_t{0},
        [](std::size_t sum, const NumberPair& place) { return sum + size_of(place); });
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

// Puts them one behind the other into bytes_, from `to` on. Returns the number of pieces.
std::size_t ValueBatch::read(std::span<const NumberPair> places, std::size_t to,
                             const OpenLog& open) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is looked at
    std::array<char, kMaxPiece> buffer;
    Window window;
    std::size_t pieces = 0;
    for (; !places.empty(); ++pieces) {
        const auto piece = places.first(in_one_piece(places));
        const std::uint64_t begin = piece.front().first;
        const auto size =
            static_cast<std::size_t>(piece.back().first + size_of(piece.back()) - begin);
        const std::size_t wanted = total_size(piece);
        const bool sparse = piece.size() < kManyInPiece || size / 2 > wanted;
        // Where nothing lies between the records, they are read to where they shall be.
        const auto target =
            size == wanted ? std::span{bytes_}.subspan(to, size) : std::span{buffer}.first(size);
        const std::string_view bytes = bytes_of(places, sparse ? &window : nullptr, target, open);
        for (std::size_t i = 0; i < piece.size(); ++i) {
            if (sparse && i + kAhead < places.size()) {
                window.ask_for(places[i + kAhead]);
            }
            const NumberPair& place = piece[i];
            const auto at = static_cast<std::size_t>(place.first - begin);
            const std::string_view record =
                bytes.substr(std::min(at, bytes.size()), size_of(place));
            if (record.size() == size_of(place) && is_whole(record)) {
                if (record.data() != &bytes_[to]) {
                    std::ranges::copy(record, &bytes_[to]);
                }
                begins_[index_of(place)] = static_cast<std::uint32_t>(to);
            }
            to += size_of(place);
        }
        places = places.subspan(piece.size());
    }
    return pieces;
}

void ValueBatch::clear() {
    records_.clear();
    key_ends_.clear();
    keys_.clear();
    begins_.clear();
    bytes_.clear();
    size_ = 0;
    pieces_ = 0;
}

std::string_view ValueBatch::key(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : key_ends_[index - 1];
    return std::string_view{keys_}.substr(begin, key_ends_[index] - begin);
}

std::optional<std::string_view> ValueBatch::value(std::size_t index) const {
    constexpr std::size_t kFar = 16;  // they are asked for in another order than they were read
    if (index + kFar < begins_.size()) {
        const std::size_t begin = begins_[index + kFar];
        for (std::size_t at = begin; at < std::min(begin + 3 * kLine, bytes_.size()); at += kLine) {
            __builtin_prefetch(&bytes_[at]);
        }
    }
    if (index >= begins_.size() || begins_[index] == kUnread) {
        return std::nullopt;
    }
    const log::RecordHeader& expected = records_[index].header;
    const std::string_view record = std::string_view{bytes_}.substr(
        begins_[index], static_cast<std::size_t>(expected.record_size()));
    const std::string_view key = this->key(index);
    const std::string_view payload = record.substr(log::kHeaderSize);
    if (header_of(record) != expected || !payload.starts_with(key)) {
        return std::nullopt;
    }
    return payload.substr(key.size());
}

}  // namespace bitask::store
