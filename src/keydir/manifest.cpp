#include "keydir/manifest.hpp"

#include "codec/as_text.hpp"
#include "codec/crc32.hpp"
#include "codec/little_endian.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <numeric>
#include <stdexcept>
#include <string_view>

namespace bitask::keydir {
namespace {

constexpr std::string_view kMagic = "btmanif1";
constexpr std::size_t kHeadCrcAt = 8;
constexpr std::size_t kLogsCrcAt = 12;
constexpr std::size_t kFieldsAt = 16;
constexpr std::size_t kHintCountAt = 96;
constexpr std::size_t kHintsAt = 104;
constexpr std::size_t kHintSize = 84;
constexpr std::size_t kLogEntrySize = 48;
constexpr std::uint64_t kRetired = 256;  // added to the kind of a log

std::size_t head_size(std::size_t hints) {
    const std::size_t used = kHintsAt + hints * kHintSize;
    return (used + Manifest::kHeadPage - 1) / Manifest::kHeadPage * Manifest::kHeadPage;
}

class NumberWriter {
public:
    explicit NumberWriter(std::string& out) : out_{out} {}

    NumberWriter& operator<<(std::unsigned_integral auto number) {
        std::array<std::byte, sizeof(number)> bytes{};
        codec::store<decltype(number)>(bytes, number);
        out_ += codec::as_text(bytes);
        return *this;
    }

private:
    std::string& out_;
};

// Takes numbers from the front; zero when there are none left, which no checksum lets happen.
class NumberReader {
public:
    explicit NumberReader(std::span<const std::byte> bytes) : bytes_{bytes} {}

    template <std::unsigned_integral Number>
    NumberReader& operator>>(Number& number) {
        if (bytes_.size() < sizeof(Number)) {
            number = 0;
            return *this;
        }
        number = codec::load<Number>(bytes_.first<sizeof(Number)>());
        bytes_ = bytes_.subspan(sizeof(Number));
        return *this;
    }

private:
    std::span<const std::byte> bytes_;
};

void set_crc(std::string& head, std::size_t at, std::uint32_t crc) {
    std::array<std::byte, sizeof(crc)> bytes{};
    codec::store<std::uint32_t>(bytes, crc);
    std::ranges::copy(bytes, std::as_writable_bytes(std::span{head}).subspan(at).begin());
}

std::uint32_t crc_at(std::span<const std::byte> head, std::size_t at) {
    return codec::load<std::uint32_t>(head.subspan(at).first<sizeof(std::uint32_t)>());
}

}  // namespace

std::uint64_t Manifest::entries() const {
    return std::accumulate(
        hints.begin(), hints.end(), std::uint64_t{0},
        [](std::uint64_t sum, const HintInfo& hint) { return sum + hint.entries; });
}

std::optional<Totals> Manifest::totals() const {
    if (!has_totals) {
        return std::nullopt;
    }
    Totals totals{.live_keys = live_keys, .live_bytes = live_bytes, .logs = {}};
    for (const Log& log : logs) {
        totals.logs[log.name] = {.live_bytes = log.live_bytes,
                                 .tombstone_bytes = log.tombstone_bytes};
    }
    return totals;
}

void Manifest::set_totals(const std::optional<Totals>& totals) {
    has_totals = totals.has_value();
    const Totals known = totals.value_or(Totals{});
    live_keys = known.live_keys;
    live_bytes = known.live_bytes;
    for (Log& log : logs) {
        const auto share = known.logs.find(log.name);
        const Totals::Log found = share == known.logs.end() ? Totals::Log{} : share->second;
        log.live_bytes = found.live_bytes;
        log.tombstone_bytes = found.tombstone_bytes;
    }
}

std::string encode_manifest(const Manifest& manifest) {
    if (manifest.hints.size() > kMaxHints) {
        throw std::logic_error{"a manifest with more hints than it can hold"};
    }
    std::string logs;
    NumberWriter log_encoder{logs};
    for (const Manifest::Log& log : manifest.logs) {
        log_encoder << log.name.number << log.name.generation
                    << static_cast<std::uint64_t>(log.name.kind) + (log.retired ? kRetired : 0)
                    << log.size << log.live_bytes << log.tombstone_bytes;
    }

    std::string head{kMagic};
    head.resize(kFieldsAt);
    NumberWriter encoder{head};
    encoder << manifest.active_log << manifest.position << manifest.last_timestamp
            << manifest.ordered_from << manifest.last_compaction
            << std::uint64_t{manifest.has_totals ? 1U : 0U} << manifest.live_keys
            << manifest.live_bytes;
    const io::SystemRun run = manifest.unsynced_in.value_or(io::SystemRun{});
    encoder << run[0] << run[1] << std::uint64_t{manifest.hints.size()};
    for (const HintInfo& hint : manifest.hints) {
        encoder << hint.number << hint.pages << hint.root_page << hint.root_pages << hint.levels
                << hint.log_table_page << hint.logs << hint.entries << hint.live_keys
                << hint.live_bytes << hint.max_timestamp << hint.seed;
    }
    head.resize(head_size(manifest.hints.size()));
    set_crc(head, kLogsCrcAt, codec::crc32(logs));
    set_crc(head, kHeadCrcAt, codec::crc32(std::string_view{head}.substr(kLogsCrcAt)));
    return head + logs;
}

std::optional<std::size_t> manifest_head_size(std::span<const std::byte> begin) {
    if (begin.size() < Manifest::kHeadPage || !codec::as_text(begin).starts_with(kMagic)) {
        return std::nullopt;
    }
    std::uint64_t hints = 0;
    NumberReader{begin.subspan(kHintCountAt)} >> hints;
    return hints > kMaxHints ? std::nullopt
                             : std::optional{head_size(static_cast<std::size_t>(hints))};
}

std::optional<Manifest> decode_manifest_head(std::span<const std::byte> head) {
    const auto size = manifest_head_size(head);
    if (!size || head.size() < *size) {
        return std::nullopt;
    }
    head = head.first(*size);
    if (crc_at(head, kHeadCrcAt) != codec::crc32(codec::as_text(head.subspan(kLogsCrcAt)))) {
        return std::nullopt;
    }
    Manifest manifest;
    io::SystemRun run{};
    std::uint64_t has_totals = 0;
    std::uint64_t hints = 0;
    NumberReader decoder{head.subspan(kFieldsAt)};
    decoder >> manifest.active_log >> manifest.position >> manifest.last_timestamp >>
        manifest.ordered_from >> manifest.last_compaction >> has_totals >> manifest.live_keys >>
        manifest.live_bytes >> run[0] >> run[1] >> hints;
    manifest.has_totals = has_totals != 0;
    if (run != io::SystemRun{}) {
        manifest.unsynced_in = run;
    }
    manifest.hints.resize(static_cast<std::size_t>(hints));
    for (HintInfo& hint : manifest.hints) {
        decoder >> hint.number >> hint.pages >> hint.root_page >> hint.root_pages >> hint.levels >>
            hint.log_table_page >> hint.logs >> hint.entries >> hint.live_keys >> hint.live_bytes >>
            hint.max_timestamp >> hint.seed;
    }
    return manifest;
}

std::optional<Manifest> decode_manifest(std::span<const std::byte> bytes) {
    auto manifest = decode_manifest_head(bytes);
    if (!manifest) {
        return std::nullopt;
    }
    const auto logs = bytes.subspan(head_size(manifest->hints.size()));
    if (logs.size() % kLogEntrySize != 0 ||
        crc_at(bytes, kLogsCrcAt) != codec::crc32(codec::as_text(logs))) {
        return std::nullopt;
    }
    NumberReader decoder{logs};
    manifest->logs.resize(logs.size() / kLogEntrySize);
    for (Manifest::Log& log : manifest->logs) {
        std::uint64_t kind = 0;
        decoder >> log.name.number >> log.name.generation >> kind >> log.size >> log.live_bytes >>
            log.tombstone_bytes;
        log.retired = kind >= kRetired;
        kind -= log.retired ? kRetired : 0;
        if (kind > static_cast<std::uint64_t>(log::LogKind::active)) {
            return std::nullopt;
        }
        log.name.kind = static_cast<log::LogKind>(kind);
    }
    return manifest;
}

}  // namespace bitask::keydir
