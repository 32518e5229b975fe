#include "log/record.hpp"

#include "codec/crc32.hpp"
#include "codec/little_endian.hpp"

#include <array>

namespace bitask::log {

RecordHeader decode_header(std::span<const std::byte, kHeaderSize> bytes) {
    return {.crc = codec::load<std::uint32_t>(bytes.subspan<0, 4>()),
            .timestamp = codec::load<std::uint64_t>(bytes.subspan<4, 8>()),
            .key_size = codec::load<std::uint32_t>(bytes.subspan<12, 4>()),
            .value_size = codec::load<std::uint32_t>(bytes.subspan<16, 4>())};
}

void encode_header(const RecordHeader& header, std::string& out) {
    std::array<std::byte, kHeaderSize> bytes{};
    const std::span<std::byte, kHeaderSize> field{bytes};
    codec::store(field.subspan<0, 4>(), header.crc);
    codec::store(field.subspan<4, 8>(), header.timestamp);
    codec::store(field.subspan<12, 4>(), header.key_size);
    codec::store(field.subspan<16, 4>(), header.value_size);
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

RecordHeader encode_record(std::string_view key, std::string_view value, std::uint64_t timestamp,
                           std::string& out) {
    const std::size_t begin = out.size();
    RecordHeader header{.crc = 0,
                        .timestamp = timestamp,
                        .key_size = static_cast<std::uint32_t>(key.size()),
                        .value_size = static_cast<std::uint32_t>(value.size())};
    encode_header(header, out);
    out.append(key);
    out.append(value);
    // Of both in one go, where they stand.
    const std::span<char> record = std::span{out}.subspan(begin);
    const auto payload = record.subspan(kHeaderSize);
    header.crc = codec::crc32({payload.data(), payload.size()});
    codec::store(std::as_writable_bytes(record).first<sizeof(header.crc)>(), header.crc);
    return header;
}

}  // namespace bitask::log
