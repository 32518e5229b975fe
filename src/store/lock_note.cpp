#include "store/lock_note.hpp"

#include "codec/as_text.hpp"
#include "codec/crc32.hpp"
#include "codec/little_endian.hpp"
#include "log/record.hpp"

#include <array>
#include <string_view>

namespace bitask::store {
namespace {

constexpr std::string_view kMagic = "btknote1";
constexpr std::size_t kCrcOffset = LockNote::kSize - 4;

}  // namespace

std::string encode_note(const LockNote& note) {
    std::string out{kMagic};
    const auto add = [&out](std::unsigned_integral auto number) {
        std::array<std::byte, sizeof(number)> bytes{};
        codec::store<decltype(number)>(bytes, number);
        out += codec::as_text(bytes);
    };
    add(note.log);
    add(note.end);
    add(note.last_timestamp);
    add(note.ordered_from);
    add(note.last_compaction);
    add(note.synced ? std::uint32_t{1} : std::uint32_t{0});
    add(codec::crc32(out));
    return out;
}

std::optional<LockNote> decode_note(std::span<const std::byte> bytes) {
    if (bytes.size() < LockNote::kSize) {
        return std::nullopt;
    }
    const std::string_view text = codec::as_text(bytes.first(LockNote::kSize));
    if (!text.starts_with(kMagic) || codec::load<std::uint32_t>(bytes.subspan<kCrcOffset, 4>()) !=
                                         codec::crc32(text.substr(0, kCrcOffset))) {
        return std::nullopt;
    }
    const LockNote note{.log = codec::load<std::uint64_t>(bytes.subspan<8, 8>()),
                        .end = codec::load<std::uint64_t>(bytes.subspan<16, 8>()),
                        .last_timestamp = codec::load<std::uint64_t>(bytes.subspan<24, 8>()),
                        .ordered_from = codec::load<std::uint64_t>(bytes.subspan<32, 8>()),
                        .last_compaction = codec::load<std::uint64_t>(bytes.subspan<40, 8>()),
                        .synced = codec::load<std::uint32_t>(bytes.subspan<48, 4>()) == 1};
    return note.last_timestamp <= log::kMaxTimestamp ? std::optional{note} : std::nullopt;
}

}  // namespace bitask::store
