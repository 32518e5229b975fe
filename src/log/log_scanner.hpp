#pragma once

#include "io/environment.hpp"
#include "log/damage.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::log {

// Goes through one log from front to back and checks every record. The memory that it needs does
// not depend on the length of the log or of a value.
class LogScanner {
public:
    enum class Step {
        record,     // header(), key() and place() tell which
        damage,     // damage() tells; the next step goes on behind it
        torn_tail,  // likewise; nothing follows
        end,
    };

    // Begins at `from`, which must be the beginning of a record. The file must outlive the scanner.
    LogScanner(const io::File& file, const LogName& log, Bounds bounds, std::uint64_t from = 0);

    Step next();

    [[nodiscard]] const RecordHeader& header() const noexcept { return header_; }
    [[nodiscard]] std::string_view key() const noexcept { return key_; }  // valid until next()
    [[nodiscard]] Location place() const { return {log_, place_}; }

    // All bytes of the record, valid until next(); empty for one that is too long to be held.
    [[nodiscard]] std::string_view record() const noexcept { return record_; }
    [[nodiscard]] const Damage& damage() const noexcept { return damage_; }

    // Where the next step begins, in bytes.
    [[nodiscard]] std::uint64_t position() const noexcept { return next_; }

private:
    [[nodiscard]] std::string_view bytes_at(std::uint64_t offset, std::uint64_t size);
    [[nodiscard]] bool check_record();
    [[nodiscard]] bool check_long_record();
    Step diagnose_place();

    const io::File& file_;
    LogName log_;
    Bounds bounds_;

    std::vector<char> window_;         // what was read last
    std::uint64_t window_offset_ = 0;  // where in the log it begins
    std::size_t window_size_ = 0;

    std::uint64_t place_ = 0;
    std::uint64_t next_;
    RecordHeader header_;
    std::string_view key_;
    std::string_view record_;
    std::string long_key_;  // the key of a record that does not fit the window
    Damage damage_;
};

}  // namespace bitask::log
