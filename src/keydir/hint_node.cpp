#include "keydir/hint_node.hpp"

#include "codec/as_text.hpp"
#include "codec/crc32.hpp"
#include "codec/little_endian.hpp"
#include "codec/varint.hpp"
#include "keydir/hint_info.hpp"
#include "keydir/key_bytes.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstring>
#include <limits>

namespace bitask::keydir {
namespace {

using codec::kMaxVarintSize;
using codec::put_varint;

constexpr std::size_t kCrcSize = 4;
constexpr std::size_t kSlotSize = 2;
constexpr std::size_t kLogSize = 24;
static_assert(kNodeHeaderSize + kLogsPerPage * kLogSize <= kPageSize);

// As the kinds stand in files.
static_assert(static_cast<int>(log::LogKind::sealed) == 0);
static_assert(static_cast<int>(log::LogKind::tombstones) == 1);
static_assert(static_cast<int>(log::LogKind::active) == 2);

template <std::unsigned_integral Number>
char* put(char* out, Number number) {
    std::array<std::byte, sizeof(Number)> bytes{};
    codec::store<Number>(bytes, number);
    std::memcpy(out, bytes.data(), bytes.size());
    return out + bytes.size();
}

template <std::unsigned_integral Number>
void store_at(std::string& out, std::size_t at, Number number) {
    codec::store<Number>(
        std::as_writable_bytes(std::span{out}).subspan(at).template first<sizeof(Number)>(),
        number);
}

template <std::unsigned_integral Number>
Number load_at(std::span<const std::byte> bytes, std::size_t at) {
    return codec::load<Number>(bytes.subspan(at).template first<sizeof(Number)>());
}

// Of all behind it.
std::uint32_t node_crc(const NodePlace& place, std::string_view node) {
    std::array<std::byte, sizeof(place.seed) + sizeof(place.page)> before{};
    const std::span all{before};
    codec::store(all.first<sizeof(place.seed)>(), place.seed);
    codec::store(all.last<sizeof(place.page)>(), place.page);
    return codec::crc32(node.substr(kCrcSize), codec::crc32(codec::as_text(before)));
}

void append_header(const NodePlace& place, std::size_t count, std::size_t prefix_size,
                   std::uint64_t base_timestamp, std::string& out) {
    std::array<char, kNodeHeaderSize> header{};
    char* end = header.data() + kCrcSize;  // the checksum is known last
    end = put(end, static_cast<std::uint16_t>(place.pages));
    end = put(end, place.level);
    end = put(end, static_cast<std::uint32_t>(count));
    end = put(end, static_cast<std::uint32_t>(prefix_size));
    put(end, base_timestamp);
    out.append(header.data(), header.size());
}

void fill_up(const NodePlace& place, std::size_t begin, std::string& out) {
    out.resize(begin + place.pages * kPageSize);
    store_at(out, begin, node_crc(place, std::string_view{out}.substr(begin)));
}

// So few entries are searched without more ado.
constexpr std::uint32_t kFewEntries = 16;
constexpr std::size_t kLine = 64;  // bytes of a cache's line, on most processors

// Takes what an entry is made of from the front of bytes, as long as there are any.
class Decoder {
public:
    explicit Decoder(std::span<const std::byte> bytes) : bytes_{bytes} {}

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

    std::uint64_t varint() {
        const codec::Varint varint = codec::first_varint(bytes_.subspan(position_));
        failed_ = failed_ || varint.size == 0;
        position_ += varint.size;
        return varint.number;
    }

    // A varint that must not be larger.
    template <std::unsigned_integral Number>
    Number varint_up_to(Number largest) {
        const std::uint64_t number = varint();
        failed_ = failed_ || number > largest;
        return static_cast<Number>(number);
    }

    std::uint32_t crc() {
        const auto taken = take(kCrcSize);
        return failed_ ? 0 : codec::load<std::uint32_t>(taken.first<kCrcSize>());
    }

    // Bytes, behind a varint that tells how many.
    std::string_view sized_text() { return codec::as_text(take(varint())); }

private:
    std::span<const std::byte> take(std::uint64_t size) {
        if (size > bytes_.size() - position_) {
            failed_ = true;
            return {};
        }
        const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(size));
        position_ += taken.size();
        return taken;
    }

    std::span<const std::byte> bytes_;
    std::size_t position_ = 0;
    bool failed_ = false;
};

}  // namespace

char* LeafEntry::encode(std::uint64_t base_timestamp, char* out) const {
    static_assert(kMaxEncodedSize == 4 * kMaxVarintSize + sizeof(crc));
    out = put_varint(out, log_index);
    out = put_varint(out, offset);
    out = put_varint(out, value_size);
    out = put_varint(out, timestamp - base_timestamp);
    return put(out, crc);
}

char* ChildEntry::encode(std::uint64_t /*base_timestamp*/, char* out) const {
    static_assert(kMaxEncodedSize == 2 * kMaxVarintSize);
    return put_varint(put_varint(out, page), pages);
}

template <class NodeEntry>
void NodeBuilder<NodeEntry>::Encoded::clear(std::size_t prefix_size, std::uint64_t base_timestamp) {
    prefix_size_ = prefix_size;
    base_timestamp_ = base_timestamp;
    end_ = 0;
    begins_.clear();
}

template <class NodeEntry>
void NodeBuilder<NodeEntry>::Encoded::add(std::string_view key, const NodeEntry& entry) {
    const std::string_view rest = key.substr(std::min(prefix_size_, key.size()));
    const std::size_t most = kMaxVarintSize + rest.size() + NodeEntry::kMaxEncodedSize;
    if (bytes_.size() - end_ < most) {
        bytes_.resize(end_ + std::max(most, kPageSize));
    }
    char* const begin = bytes_.data() + end_;
    char* out = put_varint(begin, rest.size());
    out += rest.copy(out, rest.size());
    out = entry.encode(base_timestamp_, out);
    begins_.push_back(static_cast<std::uint16_t>(end_));
    end_ += static_cast<std::size_t>(out - begin);
}

template <class NodeEntry>
void NodeBuilder<NodeEntry>::Encoded::remove_last() {
    end_ = begins_.back();
    begins_.pop_back();
}

template <class NodeEntry>
void NodeBuilder<NodeEntry>::Encoded::append_slots_and_entries(std::string& out) const {
    const std::size_t slots = out.size();
    const std::size_t slots_size = begins_.size() * kSlotSize;
    out.resize(slots + slots_size);
    for (std::size_t i = 0; i < begins_.size(); ++i) {
        store_at(out, slots + i * kSlotSize,
                 static_cast<std::uint16_t>(kNodeHeaderSize + slots_size + begins_[i]));
    }
    out.append(bytes_.data(), end_);
}

template <class NodeEntry>
std::size_t NodeBuilder<NodeEntry>::Encoded::node_size() const noexcept {
    return kNodeHeaderSize + begins_.size() * kSlotSize + end_ + prefix_size_;
}

template <class NodeEntry>
bool NodeBuilder<NodeEntry>::try_add(std::string_view key, const NodeEntry& entry) {
    constexpr std::uint64_t kFar = 64;  // where one byte tells most of what is above the base
    const std::uint64_t lowest = std::min(lowest_, entry.base_timestamp());
    const std::uint64_t base = base_with(entry);
    const std::size_t prefix_size = prefix_with(key);
    if (!encode(key, entry, prefix_size, base) &&
        (lowest - base < kFar || !encode(key, entry, prefix_size, lowest))) {
        return false;
    }
    keys_ += key;
    items_.push_back({keys_.size(), entry});
    lowest_ = lowest;
    return true;
}

// Changes nothing where it is false: the node would be too large.
template <class NodeEntry>
bool NodeBuilder<NodeEntry>::encode(std::string_view key, const NodeEntry& entry,
                                    std::size_t prefix_size, std::uint64_t base) {
    const bool anew = !encoded_.leaves_out(prefix_size, base);
    if (anew) {
        encode_all(prefix_size, base);
    }
    encoded_.add(key, entry);
    if (encoded_.node_size() <= kPageSize || items_.size() < NodeEntry::kFewest) {
        return true;
    }
    if (anew) {
        std::swap(encoded_, encoded_before_);
    } else {
        encoded_.remove_last();
    }
    return false;
}

template <class NodeEntry>
void NodeBuilder<NodeEntry>::encode_all(std::size_t prefix_size, std::uint64_t base) {
    std::swap(encoded_, encoded_before_);
    encoded_.clear(prefix_size, base);
    for (std::size_t i = 0; i < items_.size(); ++i) {
        encoded_.add(key(i), items_[i].entry);
    }
}

template <class NodeEntry>
void NodeBuilder<NodeEntry>::finish(const NodePlace& place, std::string& out) {
    const std::size_t begin = out.size();
    append_header(place, items_.size(), encoded_.prefix_size(), encoded_.base_timestamp(), out);
    encoded_.append_slots_and_entries(out);
    if (encoded_.prefix_size() != 0) {
        out += last_key().substr(0, encoded_.prefix_size());
    }
    fill_up(place, begin, out);
    keys_.clear();
    items_.clear();
    encoded_.clear(0, 0);
    lowest_before_ = std::exchange(lowest_, kHighest);
}

template <class NodeEntry>
std::uint32_t NodeBuilder<NodeEntry>::pages() const noexcept {
    return static_cast<std::uint32_t>((encoded_.node_size() + kPageSize - 1) / kPageSize);
}

template <class NodeEntry>
std::string_view NodeBuilder<NodeEntry>::key(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : items_[index - 1].key_end;
    return std::string_view{keys_}.substr(begin, items_[index].key_end - begin);
}

// What all keys share, as soon as this one is among them. Keys ascend: what the first and the last
// share, those between have, too. The first child has no key and takes no part.
template <class NodeEntry>
std::size_t NodeBuilder<NodeEntry>::prefix_with(std::string_view key) const {
    if (items_.size() <= NodeEntry::kFirstKey) {
        return key.size();
    }
    return shared_size(this->key(NodeEntry::kFirstKey).substr(0, encoded_.prefix_size()), key);
}

// Keys are in order, timestamps are not. A node begins with the lowest of the one before, or it
// would be encoded anew at each entry that is lower than all before it. Where that is far below its
// own, that is made good when the node is full.
template <class NodeEntry>
std::uint64_t NodeBuilder<NodeEntry>::base_with(const NodeEntry& entry) const {
    return std::min(empty() ? lowest_before_ : encoded_.base_timestamp(), entry.base_timestamp());
}

template class NodeBuilder<LeafEntry>;
template class NodeBuilder<ChildEntry>;

void encode_log_table(const NodePlace& place, std::span<const log::LogName> names,
                      std::string& out) {
    const std::size_t begin = out.size();
    append_header(place, names.size(), 0, 0, out);
    for (const log::LogName& name : names) {
        std::array<char, kLogSize> bytes{};
        char* end = put(bytes.data(), name.number);
        end = put(end, name.generation);
        put(end, static_cast<std::uint64_t>(name.kind));
        out.append(bytes.data(), bytes.size());
    }
    fill_up(place, begin, out);
}

void throw_damaged(const NodePlace& place) {
    throw HintDamaged{hint_file_name(place.hint) + ": page " + std::to_string(place.page) +
                      " is damaged"};
}

Node::Node(std::span<const std::byte> bytes, const NodePlace& place)
    : bytes_{bytes}, place_{place} {
    if (bytes.size() != place.pages * kPageSize || bytes.size() < kPageSize ||
        load_at<std::uint32_t>(bytes, 0) != node_crc(place, codec::as_text(bytes)) ||
        load_at<std::uint16_t>(bytes, 4) != place.pages ||
        load_at<std::uint16_t>(bytes, 6) != place.level) {
        damaged();
    }
    count_ = load_at<std::uint32_t>(bytes, 8);
    base_timestamp_ = load_at<std::uint64_t>(bytes, 16);
    const std::size_t entry_size = place.level == kLogTableLevel ? kLogSize : kSlotSize;
    if (count_ == 0 || count_ > (bytes.size() - kNodeHeaderSize) / entry_size) {
        damaged();
    }
    if (place.level != kLogTableLevel) {
        find_prefix(load_at<std::uint32_t>(bytes, 12));
    }
}

// The prefix begins where the last entry ends.
void Node::find_prefix(std::uint32_t size) {
    const std::span<const std::byte> last = from_entry(count_ - 1);
    Decoder in{last};
    in.sized_text();
    const int numbers = place_.level == kLeafLevel ? 4 : 2;
    for (int i = 0; i < numbers; ++i) {
        in.varint();
    }
    if (place_.level == kLeafLevel) {
        in.crc();
    }
    const auto behind = last.subspan(in.position());
    if (in.failed() || size > behind.size()) {
        damaged();
    }
    prefix_ = codec::as_text(behind.first(size));
}

std::uint32_t Node::lower_bound(std::string_view key, std::uint32_t first) const {
    return partition_point(key, first, false);
}

std::uint32_t Node::child_for(std::string_view key) const {
    return partition_point(key, ChildEntry::kFirstKey, true) - 1;
}

// The first entry, from `first` on, with a key above `key`, or equal to it unless `past_equal`.
std::uint32_t Node::partition_point(std::string_view key, std::uint32_t first,
                                    bool past_equal) const {
    const int against_prefix = key.substr(0, prefix_.size()).compare(prefix_);
    if (against_prefix != 0) {
        return against_prefix < 0 ? first : count_;
    }
    key.remove_prefix(prefix_.size());
    std::uint32_t end = count_;
    if (end - first > kFewEntries) {
        ask_for_middles();
    }
    while (first < end) {
        const std::uint32_t middle = first + (end - first) / 2;
        const int order = rest(middle).compare(key);
        if (order < 0 || (past_equal && order == 0)) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

// Asks the processor for what the first steps of a search are going to look at: where the node is
// in the system's memory and nowhere near, each step would else wait for it anew.
void Node::ask_for_middles() const {
    const std::size_t entries = kNodeHeaderSize + count_ * kSlotSize;
    for (std::size_t at = kNodeHeaderSize; at < entries; at += kLine) {
        __builtin_prefetch(&bytes_[at]);
    }
    constexpr std::size_t kParts = 16;
    const std::size_t part = (bytes_.size() - entries) / kParts;
    for (std::size_t i = 1; i < kParts; ++i) {
        __builtin_prefetch(&bytes_[entries + i * part]);
    }
}

Node::LeafItem Node::leaf_item(std::uint32_t index) const {
    Decoder in{from_entry(index)};
    LeafItem item;
    item.rest = in.sized_text();
    item.entry.log_index = in.varint();
    item.entry.offset = in.varint();
    item.entry.value_size = in.varint_up_to(std::numeric_limits<std::uint32_t>::max());
    item.entry.timestamp =
        base_timestamp_ +
        in.varint_up_to(std::numeric_limits<std::uint64_t>::max() - base_timestamp_);
    item.entry.crc = in.crc();
    if (in.failed()) {
        damaged();
    }
    return item;
}

std::optional<LeafEntry> Node::find(std::string_view key) const {
    const std::uint32_t index = lower_bound(key);
    if (index == count_ || !key.starts_with(prefix_)) {
        return std::nullopt;
    }
    const LeafItem item = leaf_item(index);
    return item.rest == key.substr(prefix_.size()) ? std::optional{item.entry} : std::nullopt;
}

NodePlace Node::child(std::uint32_t index) const {
    Decoder in{from_entry(index)};
    in.sized_text();
    NodePlace place = place_;
    place.page = in.varint();
    place.pages = in.varint_up_to(kMaxNodePages);
    --place.level;
    // Children are written before their parents.
    if (in.failed() || place.pages == 0 || place.page >= place_.page ||
        place.pages > place_.page - place.page) {
        damaged();
    }
    return place;
}

log::LogName Node::log_name(std::uint32_t index) const {
    if (index >= count_) {
        damaged();
    }
    const auto entry = bytes_.subspan(kNodeHeaderSize + index * kLogSize, kLogSize);
    const auto kind = load_at<std::uint64_t>(entry, 16);
    if (kind > static_cast<std::uint64_t>(log::LogKind::active)) {
        damaged();
    }
    return {load_at<std::uint64_t>(entry, 0), load_at<std::uint64_t>(entry, 8),
            static_cast<log::LogKind>(kind)};
}

void Node::damaged() const {
    throw_damaged(place_);
}

// The bytes from there to the end of the node.
std::span<const std::byte> Node::from_entry(std::uint32_t index) const {
    const std::size_t begin = load_at<std::uint16_t>(bytes_, kNodeHeaderSize + index * kSlotSize);
    if (begin < kNodeHeaderSize + count_ * kSlotSize || begin >= bytes_.size()) {
        damaged();
    }
    return bytes_.subspan(begin);
}

std::string_view Node::rest(std::uint32_t index) const {
    Decoder in{from_entry(index)};
    const std::string_view rest = in.sized_text();
    if (in.failed()) {
        damaged();
    }
    return rest;
}

}  // namespace bitask::keydir
