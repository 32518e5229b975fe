#include "log/log_scanner.hpp"

#include "codec/crc32.hpp"
#include "log/file_bytes.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace bitask::log {
namespace {

constexpr std::size_t kWindowSize = 256 * 1024;

}  // namespace

LogScanner::LogScanner(const io::File& file, const LogName& log, Bounds bounds, std::uint64_t from)
    : file_{file}, log_{log}, bounds_{bounds}, next_{from} {
    const std::uint64_t bytes = bounds.size - std::min(from, bounds.size);
    window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kWindowSize)));
}

LogScanner::Step LogScanner::next() {
    place_ = next_;
    if (place_ >= bounds_.size) {
        return Step::end;
    }
    if (!check_record()) {
        return diagnose_place();
    }
    next_ = place_ + header_.record_size();
    return Step::record;
}

// The bytes from `offset` on, at most one window of them; fewer when the log ends before.
std::string_view LogScanner::bytes_at(std::uint64_t offset, std::uint64_t size) {
    if (offset < window_offset_ || offset + size > window_offset_ + window_size_) {
        const auto wanted = std::min<std::uint64_t>(window_.size(), bounds_.size - offset);
        window_offset_ = offset;
        window_size_ = file_.read(
            offset,
            std::as_writable_bytes(std::span{window_}.first(static_cast<std::size_t>(wanted))));
    }
    const std::uint64_t begin = offset - window_offset_;
    const std::uint64_t available = std::min(size, window_size_ - begin);
    return {window_.data() + begin, static_cast<std::size_t>(available)};
}

// Whether a whole record stands at `place_`; header_ and key_ are then filled.
bool LogScanner::check_record() {
    if (bounds_.size - place_ < kHeaderSize) {
        return false;
    }
    const std::string_view head = bytes_at(place_, kHeaderSize);
    if (head.size() < kHeaderSize) {
        return false;
    }
    header_ = decode_header(std::as_bytes(std::span{head}).first<kHeaderSize>());
    if (!header_.plausible(bounds_.size - place_)) {
        return false;
    }
    if (header_.record_size() > window_.size()) {
        return check_long_record();
    }
    record_ = bytes_at(place_, header_.record_size());
    if (record_.size() < header_.record_size()) {
        return false;
    }
    const std::string_view payload = record_.substr(kHeaderSize);
    key_ = payload.substr(0, header_.key_size);
    return codec::crc32(payload) == header_.crc;
}

bool LogScanner::check_long_record() {
    record_ = {};
    const std::uint64_t begin = place_ + kHeaderSize;
    if (checksum(file_, begin, header_.payload_size()) != header_.crc) {
        return false;
    }
    auto key = read_bytes(file_, begin, header_.key_size);
    if (!key) {
        return false;
    }
    long_key_ = std::move(*key);
    key_ = long_key_;
    return true;
}

LogScanner::Step LogScanner::diagnose_place() {
    // A writer may have cut off an unfinished record since the bounds were taken.
    bounds_.size = std::min(bounds_.size, file_.size());
    if (place_ >= bounds_.size) {
        next_ = place_;
        return Step::end;
    }
    auto [kind, damage] = diagnose(file_, place(), bounds_);
    damage_ = std::move(damage);
    next_ = place_ + damage_.size;
    return kind == Diagnosis::Kind::damage ? Step::damage : Step::torn_tail;
}

}  // namespace bitask::log
