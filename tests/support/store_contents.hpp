#pragma once

#include "io/environment.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What is in a store, what should be in it, and its bytes as docs/format.md has them; without a
// line of the code under test where bytes are concerned.
namespace bitask::test {

using Contents = std::map<std::string, std::string>;

// All that a scan shows; nothing where there is no store.
[[nodiscard]] Contents contents(io::Environment& environment, const std::string& store);

// The lines of Reader::damage(); none where there is no store.
[[nodiscard]] std::vector<std::string> damage(io::Environment& environment,
                                              const std::string& store);

// "missing k1, wrong k2, unexpected k3", for the eyes of whoever reads a failed test.
[[nodiscard]] std::string difference(const Contents& found, const Contents& expected);

// What a user knows of a store: what was acknowledged, and which changes are under way.
class Ledger {
public:
    void begin_put(std::string_view key, std::string_view value);
    void begin_remove(std::string_view key);
    void acknowledge();  // all changes that were begun

    [[nodiscard]] const Contents& acknowledged() const { return acknowledged_; }

    // What the store holds when exactly so many of the changes under way are in it.
    [[nodiscard]] Contents with_pending(std::size_t changes) const;
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }

    // Whether this is what was acknowledged plus some first part of the changes under way.
    [[nodiscard]] bool allows(const Contents& found) const;

private:
    struct Change {
        std::string key;
        std::optional<std::string> value;  // nothing for a remove
    };

    Contents acknowledged_;
    std::vector<Change> pending_;
};

// Names in byte order; of logs, also in the order of their ids.
[[nodiscard]] std::vector<std::string> file_names(io::Environment& environment,
                                                  const std::string& store);
[[nodiscard]] std::vector<std::string> log_names(io::Environment& environment,
                                                 const std::string& store);
[[nodiscard]] bool is_active_log(std::string_view name);
[[nodiscard]] std::string active_log(io::Environment& environment, const std::string& store);

[[nodiscard]] std::string bytes_of(io::Environment& environment, const std::string& store,
                                   std::string_view name);
void replace_bytes(io::Environment& environment, const std::string& store, std::string_view name,
                   std::string_view bytes);
void remove_file(io::Environment& environment, const std::string& store, std::string_view name);

// The bytes of one record; an empty value makes a tombstone.
[[nodiscard]] std::string make_record(std::string_view key, std::string_view value,
                                      std::uint64_t timestamp);

// Where the records of an undamaged log end, in order: the last one is the size of the log.
[[nodiscard]] std::vector<std::uint64_t> record_ends(std::string_view log);

}  // namespace bitask::test
