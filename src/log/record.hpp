#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bitask::log {

// crc u32 | timestamp u64 | key_size u32 | value_size u32 | key | value
// (little-endian; see docs/format.md)
inline constexpr std::size_t kHeaderSize = 20;

// Milliseconds since the epoch until the year 10889. No clock shows more, so a record that does
// has a damaged header; and no writer of ours goes beyond it.
inline constexpr std::uint64_t kMaxTimestamp = (std::uint64_t{1} << 48) - 1;

struct RecordHeader {
    std::uint32_t crc = 0;         // of key and value; the header itself is not covered
    std::uint64_t timestamp = 0;   // milliseconds since the epoch
    std::uint32_t key_size = 0;    // in bytes, at least 1
    std::uint32_t value_size = 0;  // in bytes; 0 marks a tombstone

    [[nodiscard]] bool tombstone() const noexcept { return value_size == 0; }
    [[nodiscard]] std::uint64_t payload_size() const noexcept {
        return std::uint64_t{key_size} + value_size;
    }
    [[nodiscard]] std::uint64_t record_size() const noexcept {
        return kHeaderSize + payload_size();
    }

    // Whether a record with this header can stand where `remaining` bytes are left.
    [[nodiscard]] bool plausible(std::uint64_t remaining) const noexcept {
        return key_size != 0 && timestamp <= kMaxTimestamp && record_size() <= remaining;
    }

    friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

[[nodiscard]] RecordHeader decode_header(std::span<const std::byte, kHeaderSize> bytes);

void encode_header(const RecordHeader& header, std::span<std::byte, kHeaderSize> out);

// Appends a whole record to `out`, and returns its header. An empty value makes a tombstone.
RecordHeader encode_record(std::string_view key, std::string_view value, std::uint64_t timestamp,
                           std::string& out);

}  // namespace bitask::log
