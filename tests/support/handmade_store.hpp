#pragma once

#include "bitask/bytes.hpp"
#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "bitask/value.hpp"
#include "bitask/writer.hpp"
#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "store/lock_note.hpp"
#include "support/memory_environment.hpp"
#include "support/store_contents.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Stores that are put together file by file, so that a test knows every byte and decides on each.
namespace bitask::test {

inline constexpr const char* kStore = "/kv";
inline constexpr std::uint64_t kNow = MemoryEnvironment::kStart;

using Strings = std::vector<std::string>;

inline std::span<const std::byte> bytes_view(std::string_view text) {
    return std::as_bytes(std::span{text});
}

// "01 ff" without the blank.
inline std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        const auto number = static_cast<unsigned char>(byte);
        text += kDigits[number >> 4];
        text += kDigits[number & 15];
    }
    return text;
}

inline std::string flipped(std::string bytes, std::size_t at, unsigned mask = 0x01) {
    bytes.at(at) = static_cast<char>(static_cast<unsigned char>(bytes.at(at)) ^ mask);
    return bytes;
}

// The Error that an action throws.
struct Failure {
    ErrorKind kind;
    std::string message;
};

template <class Action>
Failure failure_of(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return {error.kind(), error.what()};
    }
    throw std::logic_error{"there was no error"};
}

class StringSink final : public ByteSink {
public:
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
};

inline std::string read_all(const Value& value) {
    StringSink sink;
    value.copy_to(sink);
    return sink.text;
}

// A store's folder on a disk in memory.
struct HandmadeStore {
    MemoryEnvironment disk;
    std::unique_ptr<io::Folder> folder;

    HandmadeStore() {
        disk.create_folder(kStore);
        disk.sync_path(kStore);
        folder = disk.open_folder(kStore);
    }

    HandmadeStore& file(std::string_view name, std::string_view bytes) {
        const auto created = folder->open_or_create(name);
        created->truncate(0);
        created->write(0, bytes_view(bytes));
        created->sync();
        folder->sync();
        return *this;
    }

    HandmadeStore& note(const store::LockNote& note) {
        return file("db.lock", store::encode_note(note));
    }

    [[nodiscard]] std::string bytes(std::string_view name) { return bytes_of(disk, kStore, name); }
    [[nodiscard]] Contents contents() { return test::contents(disk, kStore); }
    [[nodiscard]] Strings files() { return file_names(disk, kStore); }
    [[nodiscard]] Strings logs() { return log_names(disk, kStore); }

    // The note in the lock file, if it is one.
    [[nodiscard]] std::optional<store::LockNote> note() {
        return store::decode_note(bytes_view(bytes("db.lock")));
    }

    // What a reader finds out about a key; "(none)" for one that is not there.
    [[nodiscard]] std::string get(std::string_view key) {
        const Answer answer = Reader{disk, kStore}.get(key);
        return answer.value ? read_all(*answer.value) : "(none)";
    }

    // One writer that puts one pair and leaves.
    void put(std::string_view key, std::string_view value, WriterOptions options = {}) {
        Writer writer{disk, kStore, std::move(options)};
        writer.put(key, value);
        writer.commit();
    }

    void remove(std::string_view key) {
        Writer writer{disk, kStore, {}};
        writer.remove(key);
        writer.commit();
    }
};

}  // namespace bitask::test
