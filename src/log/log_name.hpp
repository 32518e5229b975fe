#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bitask::log {

// What a log is for, told by its name.
enum class LogKind {
    sealed,      // <number>.log or <number>.<generation>.log: never changed again
    tombstones,  // <number>.<generation>.tombstones.log: lives while a compaction removes its
                 // inputs
    active,      // <number>.active.log: the one that is appended to
};

// A log's identity. The order of logs is the order in which their records break ties of equal
// timestamps: by number, then generation.
struct LogName {
    std::uint64_t number = 0;      // grows with every new log of a store
    std::uint64_t generation = 0;  // 0, or how often compaction has rewritten this place
    LogKind kind = LogKind::sealed;

    friend auto operator<=>(const LogName&, const LogName&) = default;
};

// The same log under the name that it has once it is sealed.
[[nodiscard]] inline LogName as_sealed(LogName name) {
    name.kind = name.kind == LogKind::active ? LogKind::sealed : name.kind;
    return name;
}

// Where a record begins. Ordered like logs, then by offset.
struct Location {
    LogName log;
    std::uint64_t offset = 0;  // in bytes

    friend auto operator<=>(const Location&, const Location&) = default;
};

[[nodiscard]] std::string file_name(const LogName& name);

// Nothing for a file that is no log: such files may lie in the folder and are passed over.
[[nodiscard]] std::optional<LogName> parse_log_name(std::string_view file);

// A log on its way, not yet under its own name: "<number>.<generation>.tmp".
[[nodiscard]] std::string temporary_name(const LogName& name);
[[nodiscard]] bool is_temporary_name(std::string_view file);

}  // namespace bitask::log
