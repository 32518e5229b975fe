#include "keydir/walk_ahead.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bitask::keydir {
namespace {

// Entries in a row, copied, since a cursor shows no more than one.
class Stretch {
public:
    // From the one that the cursor stands on; moves it to the one behind them.
    void fill(Cursor& cursor) {
        keys_.clear();
        entries_.clear();
        for (bool more = cursor.valid(); more && has_room(); more = cursor.next()) {
            keys_ += cursor.key();
            entries_.push_back({keys_.size(), cursor.entry()});
        }
    }

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    template <class Take>
    void hand_out(const Take& take) const {
        std::size_t begin = 0;
        for (const Item& item : entries_) {
            take(std::string_view{keys_}.substr(begin, item.key_end - begin), item.entry);
            begin = item.key_end;
        }
    }

private:
    static constexpr std::size_t kMaxEntries = 4096;
    static constexpr std::size_t kMaxKeys = 128 * 1024;  // bytes

    struct Item {
        std::size_t key_end = 0;  // in keys_
        Entry entry;
    };

    [[nodiscard]] bool has_room() const noexcept {
        return entries_.size() < kMaxEntries && keys_.size() < kMaxKeys;
    }

    std::string keys_;
    std::vector<Item> entries_;
};

}  // namespace

void walk_ahead(Cursor& cursor, io::Worker* worker,
                const std::function<void(std::string_view key, const Entry& entry)>& take) {
    if (worker == nullptr) {
        for (bool more = cursor.seek({}); more; more = cursor.next()) {
            take(cursor.key(), cursor.entry());
        }
        return;
    }
    cursor.seek({});
    Stretch now;
    Stretch ahead;
    for (now.fill(cursor); !now.empty(); std::swap(now, ahead)) {
        io::Beside walk{worker, [&] { ahead.fill(cursor); }};
        now.hand_out(take);
        walk.finish();
    }
}

}  // namespace bitask::keydir
