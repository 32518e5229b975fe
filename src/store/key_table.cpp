#include "store/key_table.hpp"

#include "bitask/error.hpp"
#include "codec/as_text.hpp"
#include "keydir/cursor.hpp"
#include "keydir/hint_node.hpp"
#include "log/stored_value.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <utility>

namespace bitask::store {
namespace {

constexpr unsigned kHalf = 32;

std::uint32_t upper_half(std::uint64_t number) {
    return static_cast<std::uint32_t>(number >> kHalf);
}

// Different for headers that differ in one field.
std::uint32_t digest(const log::RecordHeader& header) {
    constexpr std::uint64_t kSpread = 0x9E37'79B9'7F4A'7C15;  // Knuth 6.4, Fibonacci hashing
    const std::uint64_t sizes = std::uint64_t{header.value_size} << kHalf | header.key_size;
    return header.crc ^ upper_half((header.timestamp * kSpread ^ sizes) * kSpread);
}

}  // namespace

std::unique_ptr<KeyTable> KeyTable::make(const Recovery& state, LogFiles& files) {
    const std::uint64_t keys = state.keydir.totals().live_keys;
    if (keys > kMaxKeys || state.logs.size() > kMaxLogs ||
        std::ranges::any_of(state.logs,
                            [](const LogState& log) { return log.size > Places::kMaxOffset; })) {
        return nullptr;
    }
    std::unique_ptr<KeyTable> table{new KeyTable{static_cast<std::size_t>(keys)}};
    table->open_logs(state, files);
    table->add_all(state.keydir, static_cast<std::size_t>(keys));
    return table;
}

// A quarter of the slots stays free, so that a search comes to an end, and soon.
KeyTable::KeyTable(std::size_t keys) : slots_(std::bit_ceil(keys + keys / 3 + 1), Slot{}) {}

void KeyTable::open_logs(const Recovery& state, LogFiles& files) {
    for (const LogState& log : state.logs) {
        places_.add(log.name, log.size);
        std::shared_ptr<const io::File> file;
        try {
            file = files.open(log.name, state.listed);
        } catch (const Error&) {  // whoever wants a record of it alone is told why
        }
        logs_.push_back(file ? file->in_memory() : std::span<const std::byte>{});
        files_.push_back(std::move(file));
    }
}

// Slots are in no order: each is asked for some time before it is looked at.
void KeyTable::add_all(const keydir::Keydir& keydir, std::size_t keys) {
    struct Waiting {
        std::uint64_t hash = 0;
        Slot slot;
    };
    std::array<Waiting, 16> waiting{};
    std::size_t seen = 0;
    std::size_t added = 0;
    const auto add_next = [&] {
        const Waiting& next = waiting[added++ % waiting.size()];
        add(next.hash, next.slot);
    };
    const auto cursor = keydir.cursor();
    for (bool more = cursor->seek({}); more; more = cursor->next()) {
        const keydir::Entry& entry = cursor->entry();
        if (!entry.live()) {
            continue;
        }
        const std::uint64_t* const begin = places_.begin_of(entry.location.log);
        if (begin == nullptr || entry.location.offset > Places::kMaxOffset || seen == keys) {
            throw keydir::HintDamaged{log::file_name(entry.location.log) +
                                      ": a hint names a record too many"};
        }
        const std::uint64_t hash = std::hash<std::string_view>{}(cursor->key());
        __builtin_prefetch(&slots_[hash & (slots_.size() - 1)], 1);
        if (seen - added == waiting.size()) {
            add_next();
        }
        waiting[seen++ % waiting.size()] = {
            hash, {*begin + entry.location.offset, upper_half(hash), digest(entry.header)}};
    }
    while (added < seen) {
        add_next();
    }
}

void KeyTable::add(std::uint64_t hash, const Slot& added) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t index = hash & mask;
    while (slots_[index].place != kFree) {
        index = (index + 1) & mask;
    }
    slots_[index] = added;
}

KeyTable::Outcome KeyTable::find(std::string_view key, std::string& value) const {
    const std::uint64_t hash = std::hash<std::string_view>{}(key);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t index = hash & mask; slots_[index].place != kFree;
         index = (index + 1) & mask) {
        if (slots_[index].hash == upper_half(hash)) {
            return look_at(slots_[index], key, value);
        }
    }
    return Outcome::missing;
}

// Either the key's record is there, or the key directory has to tell: of another key with this
// hash, of damage, of a value too large to be checked in one piece. All that is read depends on
// bytes in memory alone, so that the processor can go on to the next key while it waits for them.
KeyTable::Outcome KeyTable::look_at(const Slot& slot, std::string_view key,
                                    std::string& value) const {
    const std::span<const std::byte> log = logs_[Places::index(slot.place)];
    const auto begin = static_cast<std::size_t>(Places::offset(slot.place));
    if (log.size() < log::kHeaderSize || begin > log.size() - log::kHeaderSize) {
        return Outcome::unknown;
    }
    const auto rest = log.subspan(begin);
    const log::RecordHeader header = log::decode_header(rest.first<log::kHeaderSize>());
    if (digest(header) != slot.header || header.record_size() > rest.size()) {
        return Outcome::unknown;
    }
    const auto payload = rest.subspan(log::kHeaderSize, header.payload_size());
    return log::copy_value(codec::as_text(payload), header, key, value) ? Outcome::value
                                                                        : Outcome::unknown;
}

}  // namespace bitask::store
