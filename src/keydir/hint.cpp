#include "keydir/hint.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace bitask::keydir {
namespace {

// Each level has at most half the nodes of the one below it.
constexpr std::uint32_t kMaxLevels = 64;

// A walk that has passed so many leaves reads many pages at once from then on.
constexpr unsigned kLeavesBeforeReadingAhead = 4;
constexpr std::uint64_t kNearPages = 4;

// Whether such a file can be: nothing is allocated or read by a number that has not been checked.
bool plausible(const HintInfo& info) {
    if (info.levels == 0) {
        return info.entries == 0;
    }
    constexpr std::uint64_t kMaxPages = std::numeric_limits<std::int64_t>::max() / kPageSize;
    return info.pages <= kMaxPages && info.levels <= kMaxLevels &&  //
           info.root_pages >= 1 && info.root_pages <= kMaxNodePages &&
           info.root_page < info.pages && info.root_pages <= info.pages - info.root_page &&
           info.log_table_page < info.pages && info.logs >= 1 &&
           (info.logs - 1) / kLogsPerPage < info.pages - info.log_table_page;
}

}  // namespace

Hint::Hint(std::unique_ptr<io::File> file, const HintInfo& info)
    : file_{std::move(file)}, info_{info} {
    if (!plausible(info)) {
        throw HintDamaged{hint_file_name(info.number) + ": cannot be as it is described"};
    }
}

std::optional<Entry> Hint::find(std::string_view key) const {
    if (info_.levels == 0) {
        return std::nullopt;
    }
    if (++finds_ == 2 && file_->in_memory().empty()) {
        kept_.resize(kKeptNodes);
    }
    NodePlace place = root();
    while (place.level != kLeafLevel) {
        const Node node = kept(place);
        place = node.child(node.child_for(key));
    }
    const Node leaf = read(place, buffer_);
    const auto item = leaf.find(key);
    if (!item) {
        return std::nullopt;
    }
    const LeafEntry entry = *item;
    const Node table = kept(log_table_page(entry.log_index));
    return entry_of(entry,
                    table.log_name(static_cast<std::uint32_t>(entry.log_index % kLogsPerPage)),
                    key.size());
}

// A node that many lookups pass through. It is good until the next call.
Node Hint::kept(const NodePlace& place) const {
    if (kept_.empty()) {
        return read(place, buffer_);  // one lookup passes it once
    }
    NodeInMemory& kept = kept_[place.page % kept_.size()];
    if (!kept.node.at(place.page)) {
        kept.node = Node{};
        kept.node = read(place, kept.buffer);
    }
    return kept.node;
}

NodePlace Hint::root() const noexcept {
    return {.hint = info_.number,
            .seed = info_.seed,
            .page = info_.root_page,
            .pages = info_.root_pages,
            .level = static_cast<std::uint16_t>(info_.levels - 1)};
}

NodePlace Hint::log_table_page(std::uint64_t log_index) const {
    const NodePlace place{.hint = info_.number,
                          .seed = info_.seed,
                          .page = info_.log_table_page + log_index / kLogsPerPage,
                          .pages = 1,
                          .level = kLogTableLevel};
    if (log_index >= info_.logs) {
        throw HintDamaged{hint_file_name(info_.number) + ": speaks of a log without a name"};
    }
    return place;
}

Node Hint::read(const NodePlace& place, Buffer& buffer) const {
    return file_->in_memory().empty() ? Node{read_pages(place.page, place.pages, buffer), place}
                                      : checked(place);
}

Node Hint::checked(const NodePlace& place) const {
    if (checked_.empty()) {
        checked_.resize(std::min(info_.pages, kMostCheckedNodes));
    }
    Node& node = checked_[place.page % checked_.size()];
    if (!node.at(place.page)) {
        node = Node{in_memory(place.page, place.pages), place};
    }
    return node;
}

// As many as there are of these pages.
std::span<const std::byte> Hint::in_memory(std::uint64_t page, std::uint64_t pages) const {
    const auto bytes = file_->in_memory();
    const std::uint64_t begin = std::min<std::uint64_t>(page * kPageSize, bytes.size());
    const std::uint64_t size = std::min<std::uint64_t>(pages * kPageSize, bytes.size() - begin);
    return bytes.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
}

std::span<const std::byte> Hint::read_pages(std::uint64_t page, std::uint64_t pages,
                                            Buffer& buffer) const {
    if (!file_->in_memory().empty()) {
        return in_memory(page, pages);
    }
    const auto size = static_cast<std::size_t>(pages) * kPageSize;
    if (buffer.size() < size) {
        buffer.resize(size);
    }
    const std::span<std::byte> out = std::span{buffer}.first(size);
    return out.first(file_->read(page * kPageSize, out));
}

Entry entry_of(const LeafEntry& leaf, const log::LogName& log, std::size_t key_size) {
    return {.location = {.log = log, .offset = leaf.offset},
            .header = {.crc = leaf.crc,
                       .timestamp = leaf.timestamp,
                       .key_size = static_cast<std::uint32_t>(key_size),
                       .value_size = leaf.value_size}};
}

HintCursor::HintCursor(const Hint& hint, std::uint64_t window_pages)
    : hint_{&hint}, path_(hint.info().levels), most_window_pages_{window_pages} {}

bool HintCursor::seek(std::string_view at_or_after) {
    const bool near = valid_ && is_in_leaf(at_or_after);
    valid_ = false;
    if (path_.empty()) {
        return false;
    }
    Step& leaf = path_.back();
    if (near) {
        leaf.index = leaf.node.lower_bound(at_or_after, leaf.index);
    } else {
        descend(at_or_after);
    }
    if (leaf.index == leaf.node.count()) {
        return next_leaf(Direction::forward, at_or_after);
    }
    take(leaf.node.leaf_item(leaf.index));
    return true;
}

// Whether the key is not before the one at hand, and not behind the last one of the leaf.
bool HintCursor::is_in_leaf(std::string_view key) const {
    const Node& leaf = path_.back().node;
    return key >= this->key() && leaf.lower_bound(key, leaf.count() - 1) < leaf.count();
}

bool HintCursor::seek_before(std::optional<std::string_view> before) {
    valid_ = false;
    if (path_.empty()) {
        return false;
    }
    Step& leaf = path_.back();
    if (before) {
        descend(*before);
        if (leaf.index == 0) {
            return next_leaf(Direction::backward, *before);
        }
        --leaf.index;
    } else {
        leaves_in_a_row_ = 0;
        open(0, hint_->root(), Direction::backward);
        descend_to_end(Direction::backward, 0);
    }
    take(leaf.node.leaf_item(leaf.index));
    return true;
}

bool HintCursor::next() {
    if (!std::exchange(valid_, false)) {
        return false;
    }
    Step& leaf = path_.back();
    if (leaf.index + 1 == leaf.node.count()) {
        return next_leaf(Direction::forward, std::string{key()});
    }
    const Node::LeafItem item = leaf.node.leaf_item(++leaf.index);
    if (item.rest <= rest_) {
        leaf.node.damaged();
    }
    take(item);
    return true;
}

bool HintCursor::previous() {
    if (!std::exchange(valid_, false)) {
        return false;
    }
    Step& leaf = path_.back();
    if (leaf.index == 0) {
        return next_leaf(Direction::backward, std::string{key()});
    }
    const Node::LeafItem item = leaf.node.leaf_item(--leaf.index);
    if (item.rest >= rest_) {
        leaf.node.damaged();
    }
    take(item);
    return true;
}

// To the only leaf where the key can be, and there to the first key that is not below it.
void HintCursor::descend(std::string_view key) {
    const std::uint64_t leaf_before = leaf_page_;
    open(0, hint_->root(), Direction::forward);
    for (std::size_t depth = 0; depth + 1 < path_.size(); ++depth) {
        Step& step = path_[depth];
        step.index = step.node.child_for(key);
        const NodePlace child = step.node.child(step.index);
        if (child.level == kLeafLevel) {
            // Seeks from one leaf to another close by are as good as a walk.
            const bool near = child.page > leaf_before && child.page - leaf_before <= kNearPages;
            leaves_in_a_row_ = near ? leaves_in_a_row_ + 1 : 0;
        }
        open(depth + 1, child, Direction::forward);
    }
    path_.back().index = path_.back().node.lower_bound(key);
}

// To the entry of the leaf that is first, or last, of all below the node at that depth.
void HintCursor::descend_to_end(Direction direction, std::size_t depth) {
    for (;; ++depth) {
        Step& step = path_[depth];
        step.index = direction == Direction::forward ? 0 : step.node.count() - 1;
        if (depth + 1 == path_.size()) {
            return;
        }
        open(depth + 1, step.node.child(step.index), direction);
    }
}

// Its keys are all beyond that one: inner nodes that lead back to where a walk has been would keep
// it going for ever.
bool HintCursor::next_leaf(Direction direction, std::string_view beyond) {
    const auto at_end = [direction](const Step& step) {
        return step.index == (direction == Direction::forward ? step.node.count() - 1 : 0);
    };
    leaves_in_a_row_ = direction == direction_ ? leaves_in_a_row_ + 1 : 1;
    direction_ = direction;
    std::size_t depth = path_.size() - 1;
    do {
        if (depth == 0) {
            return false;
        }
        --depth;
    } while (at_end(path_[depth]));
    Step& step = path_[depth];
    step.index = direction == Direction::forward ? step.index + 1 : step.index - 1;
    open(depth + 1, step.node.child(step.index), direction);
    descend_to_end(direction, depth + 1);
    const Step& leaf = path_.back();
    take(leaf.node.leaf_item(leaf.index));
    if (direction == Direction::forward ? key() <= beyond : key() >= beyond) {
        valid_ = false;
        leaf.node.damaged();
    }
    return true;
}

void HintCursor::open(std::size_t depth, const NodePlace& place, Direction direction) {
    Step& step = path_[depth];
    if (place.level == kLeafLevel) {
        leaf_page_ = place.page;
    }
    if (step.node.at(place.page)) {
        return;  // seeks that are close to each other share the upper part of their paths
    }
    step.node = Node{};
    if (place.level != kLeafLevel) {
        step.node = hint_->read(place, step.buffer);
        return;
    }
    step.node = leaves_in_a_row_ < kLeavesBeforeReadingAhead ? hint_->read(place, step.buffer)
                                                             : read_ahead(place, direction);
    put_in_key(0, step.node.prefix());
}

Node HintCursor::read_ahead(const NodePlace& place, Direction direction) {
    const auto bytes = [this, &place]() -> std::span<const std::byte> {
        const std::uint64_t pages = window_pages_.size() / kPageSize;
        if (place.page < window_begin_ || place.page - window_begin_ >= pages ||
            place.pages > pages - (place.page - window_begin_)) {
            return {};
        }
        return window_pages_.subspan((place.page - window_begin_) * kPageSize,
                                     place.pages * kPageSize);
    };
    if (bytes().empty()) {
        const auto most = std::max<std::uint64_t>(most_window_pages_, place.pages);
        std::uint64_t begin = place.page;
        if (direction == Direction::backward) {
            const std::uint64_t end = place.page + place.pages;
            begin = end - std::min(end, most);
        }
        window_pages_ = {};
        window_pages_ =
            hint_->read_pages(begin, std::min(most, hint_->info().pages - begin), window_);
        window_begin_ = begin;
    }
    return Node{bytes(), place};
}

void HintCursor::take(const Node::LeafItem& item) {
    put_in_key(path_.back().node.prefix().size(), item.rest);
    rest_ = item.rest;
    if (log_index_ != item.entry.log_index) {
        log_index_.reset();
        entry_.location.log = log_name(item.entry.log_index);
        log_index_ = item.entry.log_index;
    }
    entry_ = entry_of(item.entry, entry_.location.log, key_size_);
    valid_ = true;
}

// The key ends behind them. Its memory only grows: most steps do no more than copy a few bytes.
void HintCursor::put_in_key(std::size_t at, std::string_view bytes) {
    key_size_ = at + bytes.size();
    if (key_.size() < key_size_) {
        key_.resize(key_size_);
    }
    bytes.copy(key_.data() + at, bytes.size());
}

log::LogName HintCursor::log_name(std::uint64_t index) {
    const NodePlace place = hint_->log_table_page(index);
    log_table_.resize((hint_->info().logs + kLogsPerPage - 1) / kLogsPerPage);
    std::vector<log::LogName>& page = log_table_[index / kLogsPerPage];
    if (page.empty()) {
        Hint::Buffer buffer;
        const Node node = hint_->read(place, buffer);
        for (std::uint32_t i = 0; i < node.count(); ++i) {
            page.push_back(node.log_name(i));
        }
    }
    if (index % kLogsPerPage >= page.size()) {
        throw_damaged(place);
    }
    return page[index % kLogsPerPage];
}

}  // namespace bitask::keydir
