#include "keydir/merge.hpp"

#include "keydir/key_bytes.hpp"
#include "keydir/number_pair.hpp"
#include "keydir/stretch.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace bitask::keydir {
namespace {

// At hand at once, of all walks together: what a processor keeps near it.
constexpr std::size_t kEntriesAtHand = 2048;
constexpr std::size_t kKeysAtHand = 128 * 1024;  // bytes
constexpr std::size_t kKeyBytesAnEntry = kKeysAtHand / kEntriesAtHand;
constexpr std::size_t kFewestOfAWalk = 8;

// One of the walks, and those of its entries that are at hand.
class Run {
public:
    Run(std::unique_ptr<Cursor> cursor, std::size_t share)
        : cursor_{std::move(cursor)}, share_{share} {
        cursor_->seek({});
    }

    // How many there have to be at hand; at the most, twice as many.
    [[nodiscard]] std::size_t share() const noexcept { return share_; }
    void set_share(std::size_t entries) noexcept { share_ = entries; }

    // Sees to it that there are enough, or all that are left. What is at hand is copied together
    // only when at least as many have been taken.
    void fill(LogNumbers& logs) {
        if (!goes_on() || end() - begin_ >= share_ ||
            at_hand_.key_bytes_from(begin_) >= share_ * kKeyBytesAnEntry) {
            return;
        }
        at_hand_.remove_first(std::exchange(begin_, 0));
        const std::size_t most = 2 * share_;
        do {
            const Entry& entry = cursor_->entry();
            at_hand_.add(cursor_->key(), packed(entry, logs.of(entry.location.log)));
        } while (cursor_->next() && end() < most && at_hand_.key_bytes() < most * kKeyBytesAnEntry);
    }

    // Whether there are more than those at hand.
    [[nodiscard]] bool goes_on() const { return cursor_->valid(); }

    // Those that are at hand, by their numbers.
    [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::size_t end() const noexcept { return at_hand_.size(); }
    [[nodiscard]] bool empty() const noexcept { return begin() == end(); }
    [[nodiscard]] std::string_view key(std::size_t index) const { return at_hand_.key(index); }
    [[nodiscard]] const PackedEntry& entry(std::size_t index) const {
        return at_hand_.entry(index);
    }
    [[nodiscard]] std::string_view first_key() const { return key(begin_); }
    [[nodiscard]] std::string_view last_key() const { return key(end() - 1); }

    // The end of those up to that key.
    [[nodiscard]] std::size_t end_of(std::optional<std::string_view> last) const {
        std::size_t from = begin_;
        std::size_t to = end();
        while (last && from < to) {
            const std::size_t middle = from + (to - from) / 2;
            if (key(middle) <= *last) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return to;
    }

    void take_up_to(std::size_t end) { begin_ = end; }

private:
    std::unique_ptr<Cursor> cursor_;
    std::size_t share_;
    Stretch at_hand_;
    std::size_t begin_ = 0;  // those before it are taken
};

// What is handed from one thread to another, which knows the logs of the portions before.
struct Portion {
    Stretch entries;
    std::vector<log::LogName> new_logs;
};

// Takes from all walks what is not above the last key at hand of any that goes on, and sorts that:
// whole rounds of entries are cheaper to put in order than one entry after the other is to find.
class Merge {
public:
    explicit Merge(std::vector<std::unique_ptr<Cursor>> walks) {
        const std::size_t share = kEntriesAtHand / 2 / std::max<std::size_t>(walks.size(), 1);
        for (auto& walk : walks) {
            runs_.emplace_back(std::move(walk), std::max(share, kFewestOfAWalk));
        }
    }

    // Puts what comes next there; nothing at the end.
    void fill(Portion& out) {
        out.entries.clear();
        const std::size_t logs = logs_.names().size();
        while (out.entries.size() < kEntriesAtHand && out.entries.key_bytes() < kKeysAtHand &&
               next_round()) {
            for (const NumberPair& place : order_) {
                const Found& found = round_[place.second];
                out.entries.add(found.key, *found.entry);
            }
        }
        out.new_logs.assign(logs_.names().begin() + static_cast<std::ptrdiff_t>(logs),
                            logs_.names().end());
    }

private:
    struct Found {
        std::string_view key;
        const PackedEntry* entry;
    };

    bool next_round() {
        for (Run& run : runs_) {
            run.fill(logs_);
        }
        std::erase_if(runs_, [](const Run& run) { return run.empty(); });
        if (runs_.empty()) {
            return false;
        }
        Run* const ending = first_to_end();
        collect(ending == nullptr ? std::nullopt : std::optional{ending->last_key()});
        if (ending != nullptr) {
            enlarge_share(*ending);
        }
        return true;
    }

    // Of those that go on, the one whose entries at hand end before those of the others. Null: all
    // that is left is at hand.
    [[nodiscard]] Run* first_to_end() {
        Run* first = nullptr;
        for (Run& run : runs_) {
            if (run.goes_on() && (first == nullptr || run.last_key() < first->last_key())) {
                first = &run;
            }
        }
        return first;
    }

    // It has ended a round which the others could have gone on with: because there are more entries
    // in it, or because it alone has keys there. What it gets the others lose, in the long run, but
    // for the fewest that each of them has.
    void enlarge_share(Run& run) {
        run.set_share(run.share() + run.share() / 4 + 1);
        std::size_t all = 0;
        for (const Run& one : runs_) {
            all += one.share();
        }
        if (all > std::max(kEntriesAtHand / 2, 2 * kFewestOfAWalk * runs_.size())) {
            for (Run& one : runs_) {
                one.set_share(std::max(one.share() * 3 / 4, kFewestOfAWalk));
            }
        }
    }

    void collect(std::optional<std::string_view> last) {
        round_.clear();
        order_.clear();
        std::size_t sources = 0;
        std::string_view lowest;
        std::string_view highest;
        for (Run& run : runs_) {
            const std::size_t end = run.end_of(last);
            if (end == run.begin()) {
                continue;
            }
            lowest = sources == 0 ? run.first_key() : std::min(lowest, run.first_key());
            highest = std::max(highest, run.key(end - 1));
            ++sources;
            for (std::size_t i = run.begin(); i < end; ++i) {
                order_.push_back({0, round_.size()});
                round_.push_back({run.key(i), &run.entry(i)});
            }
            run.take_up_to(end);
        }
        if (sources > 1) {
            sort(lowest, highest);
        }
    }

    // By the bytes behind those that all keys begin with, as far as these tell.
    void sort(std::string_view lowest, std::string_view highest) {
        const std::size_t shared = shared_size(lowest, highest);
        const std::uint64_t front = bytes_from(shared, lowest);
        const auto bits = static_cast<int>(std::bit_width(bytes_from(shared, highest) - front));
        const int left_out = std::max(0, bits - kBitsToSortBy);
        for (NumberPair& place : order_) {
            place.first = (bytes_from(shared, key(place)) - front) >> left_out;
        }
        sort_by_first(order_);
        auto out = order_.begin();
        for (auto begin = order_.begin(); begin != order_.end();) {
            const auto end = std::find_if(begin, order_.end(), [begin](const NumberPair& place) {
                return place.first != begin->first;
            });
            if (std::distance(begin, end) > 1) {
                sort_alike({begin, end});
            }
            out = std::unique_copy(
                begin, end, out,
                [this](const NumberPair& a, const NumberPair& b) { return key(a) == key(b); });
            begin = end;
        }
        order_.erase(out, order_.end());
    }

    // Keys whose first bytes tell no more: often those of one kind, with a long front in common.
    // Of the same key, the newest goes first.
    void sort_alike(std::span<NumberPair> places) {
        std::string_view shared = key(places.front());
        for (const NumberPair& place : places) {
            shared = shared.substr(0, shared_size(shared, key(place)));
        }
        for (NumberPair& place : places) {
            place.first = bytes_from(shared.size(), key(place));
        }
        std::ranges::sort(places, [this](const NumberPair& a, const NumberPair& b) {
            return a.first != b.first ? a.first < b.first
                                      : comes_before(round_[a.second], round_[b.second]);
        });
    }

    [[nodiscard]] bool comes_before(const Found& a, const Found& b) const {
        const int order = a.key.compare(b.key);
        return order != 0 ? order < 0
                          : entry_of(a).newer_than(b.entry->timestamp, entry_of(b).location);
    }

    [[nodiscard]] Entry entry_of(const Found& found) const {
        return found.entry->unpacked(logs_.names()[found.entry->log], found.key.size());
    }

    [[nodiscard]] std::string_view key(const NumberPair& place) const {
        return round_[place.second].key;
    }

    // They tell nearly all keys of a round from each other, and take three passes.
    static constexpr int kBitsToSortBy = 33;

    std::vector<Run> runs_;
    LogNumbers logs_;
    std::vector<Found> round_;  // what is put in order now, in the runs
    NumberPairs order_;         // places in round_
};

}  // namespace

void merge(std::vector<std::unique_ptr<Cursor>> walks, io::Worker* helper,
           const std::function<void(std::string_view key, const Entry& entry)>& take) {
    if (helper == nullptr && walks.size() == 1) {
        Cursor& walk = *walks.front();
        for (bool more = walk.seek({}); more; more = walk.next()) {
            take(walk.key(), walk.entry());
        }
        return;
    }
    Merge entries{std::move(walks)};
    std::vector<log::LogName> logs;
    Portion now;
    Portion ahead;
    for (entries.fill(now); !now.entries.empty(); std::swap(now, ahead)) {
        io::Beside walk{helper, [&] { entries.fill(ahead); }};
        logs.insert(logs.end(), now.new_logs.begin(), now.new_logs.end());
        for (std::size_t i = 0; i < now.entries.size(); ++i) {
            const std::string_view key = now.entries.key(i);
            const PackedEntry& entry = now.entries.entry(i);
            take(key, entry.unpacked(logs[entry.log], key.size()));
        }
        if (helper == nullptr) {
            entries.fill(ahead);
        }
        walk.finish();
    }
}

}  // namespace bitask::keydir
