#include "support/store_contents.hpp"

#include "bitask/bytes.hpp"
#include "bitask/reader.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

namespace bitask::test {

namespace {

constexpr std::size_t kHeaderSize = 20;
constexpr std::size_t kKeySizeOffset = 12;
constexpr std::size_t kValueSizeOffset = 16;

class StringSink : public ByteSink {
public:
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
};

// Bit by bit, to owe nothing to the code under test.
std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = 0xFFFF'FFFF;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8'8320 : 0);
        }
    }
    return ~crc;
}

std::string little_endian(std::uint64_t number, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) {
        bytes += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
    }
    return bytes;
}

std::uint64_t number_at(std::string_view bytes, std::size_t offset) {
    std::uint64_t number = 0;
    for (std::size_t i = 4; i-- > 0;) {
        number = number << 8 | static_cast<unsigned char>(bytes.at(offset + i));
    }
    return number;
}

bool is_log(std::string_view name) {
    return name.ends_with(".log");
}

bool has_store(io::Environment& environment, const std::string& store) {
    const std::unique_ptr<io::Folder> folder = environment.open_folder(store);
    return folder && std::ranges::any_of(folder->list(), [](const std::string& name) {
               return is_log(name) || name == "db.lock";
           });
}

std::unique_ptr<io::Folder> folder_of(io::Environment& environment, const std::string& store) {
    std::unique_ptr<io::Folder> folder = environment.open_folder(store);
    if (!folder) {
        throw std::logic_error{"the test looks for a folder that is not there: " + store};
    }
    return folder;
}

std::unique_ptr<io::File> file_of(const io::Folder& folder, std::string_view name,
                                  io::Access access) {
    std::unique_ptr<io::File> file = folder.open(name, access);
    if (!file) {
        throw std::logic_error{"the test looks for a file that is not there: " + std::string{name}};
    }
    return file;
}

}  // namespace

Contents contents(io::Environment& environment, const std::string& store) {
    Contents found;
    if (!has_store(environment, store)) {
        return found;
    }
    const Reader reader{environment, store};
    const std::unique_ptr<Cursor> cursor = reader.scan({}, Visit::pairs);
    while (cursor->next()) {
        StringSink value;
        cursor->value().copy_to(value);
        found.emplace(cursor->key(), std::move(value.text));
    }
    return found;
}

std::vector<std::string> damage(io::Environment& environment, const std::string& store) {
    if (!has_store(environment, store)) {
        return {};
    }
    return Reader{environment, store}.damage();
}

std::string difference(const Contents& found, const Contents& expected) {
    std::string text;
    for (const auto& [key, value] : expected) {
        const auto other = found.find(key);
        if (other == found.end()) {
            text += "missing " + key + ", ";
        } else if (other->second != value) {
            text += "wrong " + key + ", ";
        }
    }
    for (const auto& [key, value] : found) {
        if (!expected.contains(key)) {
            text += "unexpected " + key + ", ";
        }
    }
    return text.substr(0, text.size() - std::min<std::size_t>(text.size(), 2));
}

void Ledger::begin_put(std::string_view key, std::string_view value) {
    pending_.push_back({std::string{key}, std::string{value}});
}

void Ledger::begin_remove(std::string_view key) {
    pending_.push_back({std::string{key}, std::nullopt});
}

void Ledger::acknowledge() {
    acknowledged_ = with_pending(pending_.size());
    pending_.clear();
}

Contents Ledger::with_pending(std::size_t changes) const {
    Contents result = acknowledged_;
    for (const Change& change : std::span{pending_}.first(changes)) {
        if (change.value) {
            result[change.key] = *change.value;
        } else {
            result.erase(change.key);
        }
    }
    return result;
}

bool Ledger::allows(const Contents& found) const {
    for (std::size_t changes = 0; changes <= pending_.size(); ++changes) {
        if (found == with_pending(changes)) {
            return true;
        }
    }
    return false;
}

std::vector<std::string> file_names(io::Environment& environment, const std::string& store) {
    std::vector<std::string> names = folder_of(environment, store)->list();
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> log_names(io::Environment& environment, const std::string& store) {
    std::vector<std::string> names = file_names(environment, store);
    std::erase_if(names, [](const std::string& name) { return !is_log(name); });
    return names;
}

bool is_active_log(std::string_view name) {
    return name.ends_with(".active.log");
}

std::string active_log(io::Environment& environment, const std::string& store) {
    for (const std::string& name : log_names(environment, store)) {
        if (is_active_log(name)) {
            return name;
        }
    }
    throw std::logic_error{"the store has no active log"};
}

std::string bytes_of(io::Environment& environment, const std::string& store,
                     std::string_view name) {
    const std::unique_ptr<io::Folder> folder = folder_of(environment, store);
    const std::unique_ptr<io::File> file = file_of(*folder, name, io::Access::read);
    std::string bytes(static_cast<std::size_t>(file->size()), '\0');
    bytes.resize(file->read(0, std::as_writable_bytes(std::span{bytes})));
    return bytes;
}

void replace_bytes(io::Environment& environment, const std::string& store, std::string_view name,
                   std::string_view bytes) {
    const std::unique_ptr<io::Folder> folder = folder_of(environment, store);
    const std::unique_ptr<io::File> file = file_of(*folder, name, io::Access::read_write);
    file->truncate(0);
    file->write(0, std::as_bytes(std::span{bytes}));
    file->sync();
}

void remove_file(io::Environment& environment, const std::string& store, std::string_view name) {
    const std::unique_ptr<io::Folder> folder = folder_of(environment, store);
    folder->remove(name);
    folder->sync();
}

std::string make_record(std::string_view key, std::string_view value, std::uint64_t timestamp) {
    const std::string payload = std::string{key} + std::string{value};
    return little_endian(crc32(payload), 4) + little_endian(timestamp, 8) +
           little_endian(key.size(), 4) + little_endian(value.size(), 4) + payload;
}

std::vector<std::uint64_t> record_ends(std::string_view log) {
    std::vector<std::uint64_t> ends;
    for (std::uint64_t end = 0; end < log.size();) {
        const std::string_view record = log.substr(static_cast<std::size_t>(end));
        end +=
            kHeaderSize + number_at(record, kKeySizeOffset) + number_at(record, kValueSizeOffset);
        ends.push_back(end);
    }
    return ends;
}

}  // namespace bitask::test
