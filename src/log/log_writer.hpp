#pragma once

#include "bitask/value.hpp"
#include "io/environment.hpp"
#include "log/record.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bitask::log {

// Appends records to one log. Records are collected in a buffer and written in one piece, so that
// a killed process leaves whole records and at most one unfinished one at the end.
//
// A failed write is taken back as far as the disk lets us; after any failure every later call
// throws, since nobody knows what a disk that failed once has kept. So does a log that has got
// another size: someone writes without the lock, and must not be written over.
class LogWriter {
public:
    // Owns the file. `name` is for messages; `end` is where the next record goes, in bytes.
    LogWriter(std::unique_ptr<io::File> file, std::string name, std::uint64_t end);

    // Returns the header of the record. An empty value makes a tombstone. The sizes must have been
    // checked.
    RecordHeader append(std::string_view key, std::string_view value, std::uint64_t timestamp);

    // A large value is not taken into memory but read twice, for its checksum and to be written;
    // throws Error (io), the log being as before, when the two do not agree.
    RecordHeader append(std::string_view key, const Value& value, std::uint64_t timestamp);

    // A whole record as it stands in another log.
    void append_copy(std::string_view record);
    void append_copy(const io::File& from, std::uint64_t offset, std::uint64_t size);

    void flush();
    // For a log that is complete: flushes, and lets the system begin what sync() would wait for.
    void begin_sync();
    void sync();  // flushes first

    // After a failed write: syncs what had been written before it.
    void sync_written();

    // The end of the log once everything is flushed, in bytes.
    [[nodiscard]] std::uint64_t end() const noexcept { return written_end_ + buffer_.size(); }

    // How many of the appended records are in the file as a whole.
    [[nodiscard]] std::uint64_t records_written() const noexcept { return records_written_; }

private:
    class RecordStream;
    struct Collected : ByteSink {
        void write(std::string_view piece) override { bytes.append(piece); }
        std::string bytes;
    };

    void check_usable() const;
    void begin_write();
    void write_failed();

    std::unique_ptr<io::File> file_;
    std::string name_;
    std::uint64_t written_end_;
    std::string buffer_;
    Collected small_value_;  // kept for its memory
    std::uint64_t records_buffered_ = 0;
    std::uint64_t records_written_ = 0;
    bool failed_ = false;       // no further writes
    bool sync_failed_ = false;  // and nobody knows what the disk has
};

}  // namespace bitask::log
