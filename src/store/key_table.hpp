#pragma once

#include "io/environment.hpp"
#include "io/large_pages.hpp"
#include "log/record.hpp"
#include "store/log_files.hpp"
#include "store/places.hpp"
#include "store/recovery.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// Where the records of all live keys of a healthy state are, by the hashes of the keys (linear
// probing: Knuth, The Art of Computer Programming 6.4, algorithm L): for a process that looks up so
// many keys, one by one, that a walk over all of them pays. A look takes one place of the table and
// the record itself; a way down the tree of a hint takes several.
//
// Keys are not kept, and neither are headers, of which a slot has a digest: the record is in a log
// that is mapped, and tells. What is not beyond doubt is left to the key directory.
class KeyTable {
public:
    // Null when it would take more than 64 MiB, or the logs are too many to be held open, or too
    // large. The state must name all of them, and have no damage. Throws HintDamaged.
    [[nodiscard]] static std::unique_ptr<KeyTable> make(const Recovery& state, LogFiles& files);

    enum class Outcome {
        value,
        missing,  // no live key has this hash
        unknown,  // the key directory has to tell
    };

    // Copies the key's value to `value`, in the memory that it has, if that is the outcome.
    [[nodiscard]] Outcome find(std::string_view key, std::string& value) const;

private:
    static constexpr std::uint64_t kFree = UINT64_MAX;

    struct Slot {
        std::uint64_t place = kFree;  // as Places counts
        std::uint32_t hash = 0;       // the bits that do not tell the slot
        std::uint32_t header = 0;     // its digest
    };

    static constexpr std::size_t kMaxBytes = 64 * 1024 * 1024;
    static constexpr std::size_t kMaxKeys = kMaxBytes / sizeof(Slot) / 4 * 3 - 1;
    static constexpr std::size_t kMaxLogs = 256;

    explicit KeyTable(std::size_t keys);

    void open_logs(const Recovery& state, LogFiles& files);
    void add_all(const keydir::Keydir& keydir, std::size_t keys);
    void add(std::uint64_t hash, const Slot& added);
    [[nodiscard]] Outcome look_at(const Slot& slot, std::string_view key, std::string& value) const;

    Places places_;
    std::vector<std::shared_ptr<const io::File>> files_;  // so that they stay mapped
    std::vector<std::span<const std::byte>> logs_;  // all bytes, in the order of places_; else none
    std::vector<Slot, io::LargePages<Slot>> slots_;  // a power of two of them
};

}  // namespace bitask::store
