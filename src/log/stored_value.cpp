#include "log/stored_value.hpp"

#include "bitask/error.hpp"
#include "codec/crc32.hpp"
#include "log/file_bytes.hpp"

#include <span>
#include <string>
#include <utility>

namespace bitask::log {
namespace {

// Values up to this size are read in one piece.
constexpr std::uint64_t kMemoryLimit = 1024 * 1024;

[[noreturn]] void throw_corrupt(const Location& place) {
    throw Error{ErrorKind::corrupt, file_name(place.log) + ": offset " +
                                        std::to_string(place.offset) +
                                        ": the record's checksum does not match"};
}

class LargeValue : public Value {
public:
    LargeValue(std::shared_ptr<const io::File> file, const Location& place,
               const RecordHeader& header, std::string_view key)
        : file_{std::move(file)}, place_{place}, header_{header}, key_crc_{codec::crc32(key)} {}

    [[nodiscard]] std::uint64_t size() const override { return header_.value_size; }

    void copy_to(ByteSink& sink) const override {
        std::uint32_t crc = key_crc_;
        const bool whole = read_pieces(*file_, place_.offset + kHeaderSize + header_.key_size,
                                       header_.value_size, [&](std::string_view piece) {
                                           crc = codec::crc32(piece, crc);
                                           sink.write(piece);
                                       });
        if (!whole || crc != header_.crc) {
            throw_corrupt(place_);
        }
    }

private:
    std::shared_ptr<const io::File> file_;
    Location place_;
    RecordHeader header_;
    std::uint32_t key_crc_;
};

// The checks that need no look at the value.
void check_front(const io::File& file, const Location& place, const RecordHeader& expected,
                 std::string_view key) {
    if (read_header(file, place.offset) != expected ||
        read_bytes(file, place.offset + kHeaderSize, key.size()) != key) {
        throw_corrupt(place);
    }
}

std::unique_ptr<Value> read_small(const io::File& file, const Location& place,
                                  const RecordHeader& expected, std::string_view key) {
    auto record = read_bytes(file, place.offset, expected.record_size());
    if (!record || !value_in(*record, expected, key)) {
        throw_corrupt(place);
    }
    record->erase(0, kHeaderSize + key.size());
    return std::make_unique<MemoryValue>(std::move(*record));
}

}  // namespace

std::optional<std::string_view> value_in(std::string_view record, const RecordHeader& expected,
                                         std::string_view key) {
    if (record.size() != expected.record_size() || key.size() != expected.key_size) {
        return std::nullopt;
    }
    const auto front = std::as_bytes(std::span{record}).first<kHeaderSize>();
    const std::string_view payload = record.substr(kHeaderSize);
    if (decode_header(front) != expected || !payload.starts_with(key) ||
        codec::crc32(payload) != expected.crc) {
        return std::nullopt;
    }
    return payload.substr(key.size());
}

bool copy_value(std::string_view payload, const RecordHeader& header, std::string_view key,
                std::string& value) {
    if (header.record_size() > kMemoryLimit || payload.size() != header.payload_size() ||
        key.size() != header.key_size || !payload.starts_with(key)) {
        return false;
    }
    value.assign(payload.substr(key.size()));
    return codec::crc32(value, codec::crc32(key)) == header.crc;
}

std::unique_ptr<Value> read_value(std::shared_ptr<const io::File> file, const Location& place,
                                  const RecordHeader& expected, std::string_view key) {
    if (expected.record_size() <= kMemoryLimit) {
        return read_small(*file, place, expected, key);
    }
    check_front(*file, place, expected, key);
    // No byte of a damaged value may go out, so all of it is checked before the first one does.
    if (checksum(*file, place.offset + kHeaderSize, expected.payload_size()) != expected.crc) {
        throw_corrupt(place);
    }
    return std::make_unique<LargeValue>(std::move(file), place, expected, key);
}

}  // namespace bitask::log
