#pragma once

#include "bitask/value.hpp"
#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "log/record.hpp"

#include <memory>
#include <optional>
#include <string>
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

// Copies the value out of the bytes behind a record's header to `value`, and checks the copy: these
// may change meanwhile. False when they are not of that key or not what the header says, and when
// read_value() would not have the value in memory; `value` is then of no use.
[[nodiscard]] bool copy_value(std::string_view payload, const RecordHeader& header,
                              std::string_view key, std::string& value);

}  // namespace bitask::log
