#include "log/log_writer.hpp"

#include "bitask/error.hpp"
#include "codec/crc32.hpp"
#include "log/record.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace bitask::log {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;

class Checksum : public ByteSink {
public:
    void write(std::string_view bytes) override { crc_ = codec::crc32(bytes, crc_); }
    [[nodiscard]] std::uint32_t value() const noexcept { return crc_; }

private:
    std::uint32_t crc_ = 0;
};

}  // namespace

// Writes pieces of one record straight to the file, behind each other.
class LogWriter::RecordStream : public ByteSink {
public:
    RecordStream(io::File& file, std::uint64_t offset) : file_{file}, offset_{offset} {}

    void write(std::string_view bytes) override {
        file_.write(offset_, std::as_bytes(std::span{bytes}));
        offset_ += bytes.size();
        crc_ = codec::crc32(bytes, crc_);
    }

    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::uint32_t crc() const noexcept { return crc_; }

private:
    io::File& file_;
    std::uint64_t offset_;
    std::uint32_t crc_ = 0;
};

LogWriter::LogWriter(std::unique_ptr<io::File> file, std::string name, std::uint64_t end)
    : file_{std::move(file)}, name_{std::move(name)}, written_end_{end} {}

RecordHeader LogWriter::append(std::string_view key, std::string_view value,
                               std::uint64_t timestamp) {
    check_usable();
    const RecordHeader header = encode_record(key, value, timestamp, buffer_);
    ++records_buffered_;
    if (buffer_.size() >= kBufferSize) {
        flush();
    }
    return header;
}

RecordHeader LogWriter::append(std::string_view key, const Value& value, std::uint64_t timestamp) {
    check_usable();
    if (value.size() <= kBufferSize) {
        if (const auto bytes = value.in_memory()) {
            return append(key, *bytes, timestamp);
        }
        small_value_.bytes.clear();
        value.copy_to(small_value_);
        return append(key, small_value_.bytes, timestamp);
    }
    flush();
    Checksum checksum;
    checksum.write(key);
    value.copy_to(checksum);
    const RecordHeader header{.crc = checksum.value(),
                              .timestamp = timestamp,
                              .key_size = static_cast<std::uint32_t>(key.size()),
                              .value_size = static_cast<std::uint32_t>(value.size())};
    std::array<std::byte, kHeaderSize> head{};
    encode_header(header, head);

    begin_write();
    try {
        file_->write(written_end_, head);
        RecordStream stream{*file_, written_end_ + head.size()};
        stream.write(key);
        value.copy_to(stream);
        if (stream.crc() != checksum.value() ||
            stream.offset() != written_end_ + head.size() + key.size() + value.size()) {
            throw Error{ErrorKind::io, "the value changed while it was read"};
        }
        written_end_ = stream.offset();
    } catch (const Error&) {
        write_failed();
        throw;
    }
    failed_ = false;
    ++records_written_;
    return header;
}

void LogWriter::append_copy(std::string_view record) {
    check_usable();
    buffer_ += record;
    ++records_buffered_;
    if (buffer_.size() >= kBufferSize) {
        flush();
    }
}

void LogWriter::append_copy(const io::File& from, std::uint64_t offset, std::uint64_t size) {
    check_usable();
    while (size > 0) {
        const std::size_t before = buffer_.size();
        const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(size, kBufferSize));
        buffer_.resize(before + piece);
        failed_ = true;
        try {
            if (from.read(offset, std::as_writable_bytes(std::span{buffer_}.subspan(before))) !=
                piece) {
                throw Error{ErrorKind::io, name_ + ": the log that is copied became shorter"};
            }
        } catch (const Error&) {
            write_failed();
            throw;
        }
        failed_ = false;
        offset += piece;
        size -= piece;
        if (size == 0) {
            ++records_buffered_;
        }
        if (buffer_.size() >= kBufferSize) {
            flush();
        }
    }
}

void LogWriter::flush() {
    check_usable();
    if (buffer_.empty()) {
        return;
    }
    begin_write();
    try {
        file_->write(written_end_, std::as_bytes(std::span{buffer_}));
    } catch (const Error&) {
        write_failed();
        throw;
    }
    failed_ = false;
    written_end_ += buffer_.size();
    records_written_ += records_buffered_;
    records_buffered_ = 0;
    buffer_.clear();
}

void LogWriter::begin_sync() {
    flush();
    buffer_.shrink_to_fit();
    file_->begin_sync();
}

void LogWriter::sync() {
    flush();
    sync_written();
}

void LogWriter::sync_written() {
    if (sync_failed_) {
        throw Error{ErrorKind::io, name_ + ": closed after an earlier sync failure"};
    }
    const bool failed_before = std::exchange(failed_, true);
    sync_failed_ = true;
    try {
        file_->sync();
    } catch (const Error& error) {
        throw Error{error.kind(), std::string{error.what()} +
                                      "; the last changes may or may not survive a power cut"};
    }
    sync_failed_ = false;
    failed_ = failed_before;
}

void LogWriter::check_usable() const {
    if (failed_) {
        throw Error{ErrorKind::io, name_ + ": closed after an earlier write failure"};
    }
}

void LogWriter::begin_write() {
    failed_ = true;
    if (file_->size() != written_end_) {
        throw Error{ErrorKind::io, name_ + ": another program has written to the log"};
    }
}

void LogWriter::write_failed() {
    buffer_.clear();
    records_buffered_ = 0;
    try {
        file_->truncate(written_end_);
    } catch (const Error&) {
        // The unfinished record stays behind the end; the next writer cuts it off. The failure
        // that led here is the one to report.
    }
}

}  // namespace bitask::log
