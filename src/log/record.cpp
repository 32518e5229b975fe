#include "log/record.hpp"

#include "codec/crc32.hpp"
#include "codec/little_endian.hpp"

namespace bitask::log {

RecordHeader decode_header(std::span<const std::byte, kHeaderSize> bytes) {
    return {.crc = codec::load<std::uint32_t>(bytes.subspan<0, 4>()),
            .timestamp = codec::load<std::uint64_t>(bytes.subspan<4, 8>()),
            .key_size = codec::load<std::uint32_t>(bytes.subspan<12, 4>()),
            .value_size = codec::load<std::uint32_t>(bytes.subspan<16, 4>())};
}

void encode_header(const RecordHeader& header, std::span<std::byte, kHeaderSize> out) {
    codec::store(out.subspan<0, 4>(), header.crc);
    codec::store(out.subspan<4, 8>(), header.timestamp);
    codec::store(out.subspan<12, 4>(), header.key_size);
    codec::store(out.subspan<16, 4>(), header.value_size);
}

RecordHeader encode_record(std::string_view key, std::string_view value, std::uint64_t timestamp,
                           std::string& out) {
    RecordHeader header{.crc = 0,
                        .timestamp = timestamp,
                        .key_size = static_cast<std::uint32_t>(key.size()),
                        .value_size = static_cast<std::uint32_t>(value.size())};
    const std::size_t begin = out.size();
    out.resize(begin + static_cast<std::size_t>(header.record_size()));
    const std::span<char> record = std::span{out}.subspan(begin);
    const auto payload = record.subspan(kHeaderSize);
    key.copy(payload.data(), key.size());
    value.copy(payload.data() + key.size(), value.size());
    header.crc = codec::crc32({payload.data(), payload.size()});  // of both in one go
    encode_header(header, std::as_writable_bytes(record).first<kHeaderSize>());
    return header;
}

}  // namespace bitask::log
