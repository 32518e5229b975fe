#include "log/damage.hpp"

#include "bitask/limits.hpp"
#include "codec/crc32.hpp"
#include "log/file_bytes.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace bitask::log {
namespace {

// How many damaged records in a row are followed by their lengths before the lengths themselves
// are doubted.
constexpr int kMaxDamagedRun = 1000;

// How many zero bytes at the end of a record speak for blocks that a power cut kept from the disk.
constexpr std::uint64_t kZeroTail = 16;

bool is_whole_record(const io::File& file, std::uint64_t offset, const RecordHeader& header) {
    return checksum(file, offset + kHeaderSize, header.payload_size()) == header.crc;
}

// A payload size that differs from the header's in one byte of one length, and the length of the
// key that this would mean.
struct Resized {
    std::uint64_t payload;
    std::uint64_t key;
    friend auto operator<=>(const Resized&, const Resized&) = default;
};

std::vector<Resized> one_byte_variants(const RecordHeader& header, std::uint64_t room) {
    std::vector<Resized> variants;
    const auto add = [&](std::uint64_t key, std::uint64_t value) {
        if (key != 0 && key + value <= room && key + value != header.payload_size()) {
            variants.push_back({key + value, key});
        }
    };
    for (int shift = 0; shift < 32; shift += 8) {
        const std::uint32_t mask = 0xFFU << shift;
        for (std::uint32_t byte = 0; byte < 256; ++byte) {
            add((header.key_size & ~mask) | byte << shift, header.value_size);
            add(header.key_size, (header.value_size & ~mask) | byte << shift);
        }
    }
    std::ranges::sort(variants);
    return variants;
}

// The record's true end when one byte of its lengths is wrong: the checksum, which covers key and
// value as one run, tells at which of the possible sizes the run is whole. One pass over the log.
std::vector<Resized> find_true_size(const io::File& file, std::uint64_t offset,
                                    const RecordHeader& header, std::uint64_t size) {
    const std::uint64_t begin = offset + kHeaderSize;
    std::uint64_t done = 0;
    std::uint32_t crc = 0;
    std::vector<Resized> found;
    for (const Resized& variant : one_byte_variants(header, size - begin)) {
        if (!found.empty() && found.front().payload != variant.payload) {
            break;
        }
        const auto longer = checksum(file, begin + done, variant.payload - done, crc);
        if (!longer) {
            break;
        }
        crc = *longer;
        done = variant.payload;
        if (crc == header.crc) {
            found.push_back(variant);
        }
    }
    return found;
}

// The beginning of a record whose rest is missing.
bool is_unfinished(const std::optional<RecordHeader>& header, std::uint64_t remaining) {
    return !header || (header->key_size != 0 && header->timestamp <= kMaxTimestamp &&
                       header->record_size() > remaining);
}

// Whether the lengths at `offset`, and those that follow from them, lead to a whole record, to one
// that would be whole but for one byte of its lengths, or to the end of the log. If so, the lengths
// before `offset` can be believed. Behind `complete_up_to` the log may end in an unfinished record.
bool leads_to_a_record(const io::File& file, std::uint64_t offset, std::uint64_t size,
                       std::uint64_t complete_up_to) {
    for (int i = 0; i < kMaxDamagedRun; ++i) {
        if (offset == size) {
            return true;
        }
        const std::uint64_t remaining = size - offset;
        const auto header = remaining < kHeaderSize ? std::nullopt : read_header(file, offset);
        if (header && header->plausible(remaining) && is_whole_record(file, offset, *header)) {
            return true;
        }
        if (header && !find_true_size(file, offset, *header, size).empty()) {
            return true;
        }
        if (!header || !header->plausible(remaining)) {
            return offset >= complete_up_to && is_unfinished(header, remaining);
        }
        offset += header->record_size();
    }
    return false;
}

// The first place at or behind `from` that holds a whole record, one no older than asked for.
std::optional<std::uint64_t> find_record(const io::File& file, std::uint64_t from,
                                         std::uint64_t size, std::uint64_t min_timestamp) {
    constexpr std::uint64_t kWindow = 64 * 1024;
    while (from + kHeaderSize < size) {
        const auto window = read_bytes(file, from, std::min(kWindow, size - from));
        if (!window) {
            return std::nullopt;
        }
        const auto bytes = std::as_bytes(std::span{*window});
        std::size_t at = 0;
        for (; at + kHeaderSize <= bytes.size(); ++at) {
            const RecordHeader header = decode_header(bytes.subspan(at).first<kHeaderSize>());
            if (header.plausible(size - from - at) && header.timestamp >= min_timestamp &&
                is_whole_record(file, from + at, header)) {
                return from + at;
            }
        }
        from += at;
    }
    return std::nullopt;
}

bool ends_in_zeros(const io::File& file, std::uint64_t size, const RecordHeader& header) {
    const std::uint64_t length = std::min(kZeroTail, header.payload_size());
    const auto tail = read_bytes(file, size - length, length);
    return tail && std::ranges::all_of(*tail, [](char byte) { return byte == '\0'; });
}

// One look at one place.
class Examination {
public:
    Examination(const io::File& file, const Location& place, const Bounds& bounds)
        : file_{file},
          place_{place},
          bounds_{bounds},
          remaining_{bounds.size - place.offset},
          header_{remaining_ < kHeaderSize ? std::nullopt : read_header(file, place.offset)} {}

    [[nodiscard]] Diagnosis result() const {
        if (!bounds_.thorough && bounds_.clean_end == place_.offset && is_unfinished()) {
            return torn();  // someone is appending just now, or was killed
        }
        if (header_) {
            if (auto resized = find_true_size(file_, place_.offset, *header_, bounds_.size);
                !resized.empty()) {
                return damaged_length(resized);
            }
            if (header_->key_size != 0 && header_->record_size() <= remaining_ &&
                leads_to_a_record(file_, end_by_header(), bounds_.size, bounds_.complete_up_to)) {
                return never_written_whole() ? torn() : damaged_content();
            }
        }
        if (never_promised() && is_unfinished()) {
            return torn();  // what looks like records in it may be part of its value
        }
        // Without a note, records behind an unfinished one tell that it is damaged instead; but a
        // value may hold records, which are older than the record that the value was put with.
        const std::uint64_t min_timestamp =
            !covered() && is_unfinished() && header_ ? header_->timestamp : 0;
        const auto next = find_record(file_, place_.offset + 1, bounds_.size, min_timestamp);
        if (!next && !covered()) {
            return torn();
        }
        auto found =
            damage(next.value_or(bounds_.size), "no record can be read here", std::nullopt);
        found.damage.to_the_end = !next;
        return found;
    }

private:
    [[nodiscard]] bool covered() const { return place_.offset < bounds_.complete_up_to; }
    [[nodiscard]] bool never_promised() const {
        return bounds_.clean_end && place_.offset >= *bounds_.clean_end;
    }
    [[nodiscard]] std::uint64_t end_by_header() const {
        return place_.offset + header_->record_size();
    }

    [[nodiscard]] bool is_unfinished() const { return log::is_unfinished(header_, remaining_); }

    // The last record has its full length but not its bytes: a power cut can leave that.
    [[nodiscard]] bool never_written_whole() const {
        return !covered() && end_by_header() == bounds_.size &&
               !is_whole_record(file_, place_.offset, *header_) &&
               (never_promised() ||
                (!bounds_.clean_end && ends_in_zeros(file_, bounds_.size, *header_)));
    }

    [[nodiscard]] Diagnosis torn() const {
        return {Diagnosis::Kind::torn_tail, place(bounds_.size, "unfinished record", std::nullopt)};
    }

    // What the header says, unless no writer can have written that.
    [[nodiscard]] std::optional<std::uint64_t> header_timestamp() const {
        return header_->timestamp <= kMaxTimestamp ? std::optional{header_->timestamp}
                                                   : std::nullopt;
    }

    [[nodiscard]] Diagnosis damage(std::uint64_t end, std::string reason,
                                   std::optional<std::uint64_t> timestamp) const {
        return {Diagnosis::Kind::damage, place(end, std::move(reason), timestamp)};
    }

    [[nodiscard]] Diagnosis damaged_length(const std::vector<Resized>& resized) const {
        auto found = damage(place_.offset + kHeaderSize + resized.front().payload,
                            "a length in the record's header is damaged", header_timestamp());
        for (const Resized& variant : resized) {
            add_key(found.damage, variant.key);
        }
        return found;
    }

    [[nodiscard]] Diagnosis damaged_content() const {
        if (header_->timestamp > kMaxTimestamp && is_whole_record(file_, place_.offset, *header_)) {
            auto found = damage(end_by_header(), "the record's timestamp is damaged", std::nullopt);
            add_key(found.damage, header_->key_size);
            return found;
        }
        auto found =
            damage(end_by_header(), "the record's checksum does not match", header_timestamp());
        add_key(found.damage, header_->key_size);
        if (const auto value_crc = checksum(file_, place_.offset + kHeaderSize + header_->key_size,
                                            header_->value_size)) {
            found.damage.key_check = Damage::KeyCheck{.crc = header_->crc,
                                                      .value_crc = *value_crc,
                                                      .key_size = header_->key_size,
                                                      .value_size = header_->value_size};
        }
        return found;
    }

    [[nodiscard]] Damage place(std::uint64_t end, std::string reason,
                               std::optional<std::uint64_t> timestamp) const {
        return {.place = place_,
                .size = end - place_.offset,
                .reason = std::move(reason),
                .timestamp = timestamp,
                .keys = {},
                .to_the_end = false,
                .key_check = {}};
    }

    // A key too long for us to have written it is not kept: the place then counts as unknown.
    void add_key(Damage& damage, std::uint64_t key_size) const {
        if (key_size > kMaxKeySize) {
            return;
        }
        if (auto key = read_bytes(file_, place_.offset + kHeaderSize, key_size)) {
            damage.keys.push_back(std::move(*key));
        }
    }

    const io::File& file_;
    const Location& place_;
    const Bounds& bounds_;
    std::uint64_t remaining_;
    std::optional<RecordHeader> header_;
};

}  // namespace

bool Damage::may_hold(std::string_view key) const {
    if (!names_its_keys()) {
        return to_the_end || size >= kHeaderSize + key.size();
    }
    if (std::ranges::find(keys, key) != keys.end()) {
        return true;
    }
    return key_check && key_check->key_size == key.size() &&
           codec::crc32_joined(codec::crc32(key), key_check->value_crc, key_check->value_size) ==
               key_check->crc;
}

std::string Damage::describe() const {
    return file_name(place.log) + ": offset " + std::to_string(place.offset) + ": " + reason +
           " (" + std::to_string(size) + " bytes)";
}

Diagnosis diagnose(const io::File& file, const Location& place, const Bounds& bounds) {
    return Examination{file, place, bounds}.result();
}

}  // namespace bitask::log
