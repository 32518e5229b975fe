#pragma once

#include "bitask/value.hpp"
#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace bitask::log {

// The value of the record at `place`, checked: the record must have this header and this key, and
// its checksum must match. A small value is then in memory; a large one is read from the log, and
// checked again, each time that it is copied. Throws Error: corrupt, naming the place, or io.
[[nodiscard]] std::unique_ptr<Value> read_value(std::shared_ptr<const io::File> file,
                                                const Location& place, const RecordHeader& expected,
                                                std::string_view key);

// The value in the bytes of a record, checked likewise. Nothing when these are not all of that
// record.
[[nodiscard]] std::optional<std::string_view> value_in(std::string_view record,
                                                       const RecordHeader& expected,
                                                       std::string_view key);

}  // namespace bitask::log
