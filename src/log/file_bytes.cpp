#include "log/file_bytes.hpp"

#include "codec/crc32.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace bitask::log {
namespace {

constexpr std::uint64_t kPieceSize = 256 * 1024;

}  // namespace

bool read_pieces(const io::File& file, std::uint64_t offset, std::uint64_t size,
                 const std::function<void(std::string_view)>& take) {
    std::vector<char> buffer(static_cast<std::size_t>(std::min(size, kPieceSize)));
    while (size > 0) {
        const std::span<char> piece =
            std::span{buffer}.first(static_cast<std::size_t>(std::min(size, kPieceSize)));
        if (file.read(offset, std::as_writable_bytes(piece)) != piece.size()) {
            return false;
        }
        take({piece.data(), piece.size()});
        offset += piece.size();
        size -= piece.size();
    }
    return true;
}

std::optional<RecordHeader> read_header(const io::File& file, std::uint64_t offset) {
    std::array<std::byte, kHeaderSize> bytes{};
    if (file.read(offset, bytes) != bytes.size()) {
        return std::nullopt;
    }
    return decode_header(bytes);
}

std::optional<std::uint32_t> checksum(const io::File& file, std::uint64_t offset,
                                      std::uint64_t size, std::uint32_t before) {
    std::uint32_t crc = before;
    if (!read_pieces(file, offset, size,
                     [&crc](std::string_view piece) { crc = codec::crc32(piece, crc); })) {
        return std::nullopt;
    }
    return crc;
}

std::optional<std::string> read_bytes(const io::File& file, std::uint64_t offset,
                                      std::uint64_t size) {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    if (file.read(offset, std::as_writable_bytes(std::span{bytes})) != bytes.size()) {
        return std::nullopt;
    }
    return bytes;
}

}  // namespace bitask::log
