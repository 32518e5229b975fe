#pragma once

#include "io/environment.hpp"
#include "keydir/cursor.hpp"
#include "keydir/entry.hpp"
#include "keydir/hint.hpp"
#include "keydir/table.hpp"
#include "keydir/totals.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace bitask::keydir {

// The key directory: for every key its newest record, tombstones included, in byte order. What was
// met last is in a table in memory, the rest in hints on disk.
//
// What reads hints throws HintDamaged when one of them is gone or is not what was written.
class Keydir {
public:
    Keydir() = default;

    // What these hints speak of; they are opened when they are first needed. The folder must
    // outlive the key directory. `totals` are those of all hints together, where they are known.
    // `table` has what is newer.
    Keydir(const io::Folder& folder, const std::vector<HintInfo>& hints,
           std::optional<Totals> totals, Table table = {});

    // Takes note of a record. When a newer record of the key is in the table already, that one
    // stays and is returned.
    std::optional<Entry> apply(std::string_view key, const Entry& entry);

    // A log that no hint speaks of has got another name.
    void rename(const log::LogName& from, const log::LogName& to) { table_.rename(from, to); }

    // Nothing when no record of the key is known at all.
    [[nodiscard]] std::optional<Entry> find(std::string_view key) const;

    // A walk over everything, good until the next apply() or spill().
    [[nodiscard]] std::unique_ptr<Cursor> cursor() const;

    // The walks that it is made of, for merge(): over the table and all hints, or the newest alone.
    [[nodiscard]] std::vector<std::unique_ptr<Cursor>> cursors() const;
    [[nodiscard]] std::vector<std::unique_ptr<Cursor>> cursors(std::size_t newest_hints) const;

    // Exact; takes a seek for each key in the table, or a walk over everything where that is less
    // or the totals of the hints are not known.
    [[nodiscard]] Totals totals() const;

    // At the most: a key that several hints have counts as often.
    [[nodiscard]] std::uint64_t keys_in_hints() const;

    // Whether totals() can do without the walk.
    [[nodiscard]] bool knows_totals() const noexcept { return hint_totals_ || hints_.empty(); }

    [[nodiscard]] const Table& table() const noexcept { return table_; }

    // Opens all hints now, for whoever wants to read them after they have lost their names.
    void open_hints() const;

    // Moves the table, but for keys above kMaxKeySize, into a hint in `files`, which has no name
    // and lasts as long as this does. Merges such hints when there are many. For a key directory
    // that began without hints. Throws Error (io).
    void spill(io::Folder& files);

private:
    struct NamedHint {
        HintInfo info;
        std::unique_ptr<Hint> hint;  // null until it is needed
    };

    [[nodiscard]] std::vector<std::unique_ptr<Cursor>> hint_cursors(std::size_t newest) const;
    [[nodiscard]] const Hint& open(NamedHint& hint) const;
    [[nodiscard]] std::optional<Entry> find_in_hints(std::string_view key,
                                                     std::optional<Entry> newest) const;

    const io::Folder* folder_ = nullptr;
    mutable std::vector<NamedHint> hints_;  // oldest first
    std::optional<Totals> hint_totals_;
    Table table_;
};

}  // namespace bitask::keydir
