#include "store/read_plan.hpp"

#include "io/large_pages.hpp"
#include "keydir/radix_sort.hpp"
#include "store/places.hpp"

#include <algorithm>

namespace bitask::store {

void ReadPlan::add(std::uint64_t place, std::size_t size, std::size_t position) {
    std::vector<Item>& items = items_at(place);
    const std::size_t capacity = items.capacity();
    items.emplace_back(place % (std::uint64_t{1} << kStretchBits), size, position);
    bytes_ += (items.capacity() - capacity) * sizeof(Item);
}

// The records of the stretch that a place is in.
std::vector<ReadPlan::Item>& ReadPlan::items_at(std::uint64_t place) {
    const std::size_t log = Places::index(place);
    const auto in_log = static_cast<std::size_t>(Places::offset(place) >> kStretchBits);
    if (log >= by_log_.size()) {
        bytes_ += (log + 1 - by_log_.size()) * sizeof(std::vector<std::uint32_t>);
        by_log_.resize(log + 1);
    }
    std::vector<std::uint32_t>& of_log = by_log_[log];
    if (in_log >= of_log.size()) {
        const std::size_t capacity = of_log.capacity();
        of_log.resize(in_log + 1);
        bytes_ += (of_log.capacity() - capacity) * sizeof(std::uint32_t);
    }
    if (of_log[in_log] == 0) {
        stretches_.push_back({.begin = place >> kStretchBits << kStretchBits, .items = {}});
        of_log[in_log] = static_cast<std::uint32_t>(stretches_.size());
        bytes_ += sizeof(Stretch);
    }
    return stretches_[of_log[in_log] - 1].items;
}

// Not by a helper: memory that different threads take and give back comes from different places.
void ReadPlan::prepare() {
    std::size_t most = 0;
    for (const Stretch& stretch : stretches_) {
        most = std::max(most, stretch.items.size());
    }
    scratch_.reserve(most);
    next_stretch_ = 0;
    taken_ = 0;
}

std::optional<ReadPlan::Part> ReadPlan::take() {
    constexpr std::size_t kMost = 4096;  // records, so that several threads have an even share
    const std::lock_guard lock{mutex_};
    while (next_stretch_ < stretches_.size() && taken_ == stretches_[next_stretch_].items.size()) {
        ++next_stretch_;
        taken_ = 0;
    }
    if (next_stretch_ == stretches_.size()) {
        return std::nullopt;
    }
    Stretch& stretch = stretches_[next_stretch_];
    if (taken_ == 0) {
        const Item* const memory = stretch.items.data();
        keydir::radix_sort(stretch.items, scratch_, [](const Item& item) { return item.offset(); });
        if (stretch.items.data() != memory) {  // each is to keep its own
            std::ranges::copy(stretch.items, scratch_.begin());
            stretch.items.swap(scratch_);
        }
    }
    const auto rest = std::span<const Item>{stretch.items}.subspan(taken_);
    const auto items = rest.first(std::min(rest.size(), kMost));
    taken_ += items.size();
    return Part{.begin = stretch.begin, .items = items};
}

void ReadPlan::clear() {
    for (Stretch& stretch : stretches_) {
        stretch.items.clear();
    }
}

void ReadPlan::release() {
    clear();
    io::give_back(stretches_);
    io::give_back(by_log_);
    io::give_back(scratch_);
    bytes_ = 0;
}

}  // namespace bitask::store
