#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "bitask/value.hpp"
#include "io/environment.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bitask {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;

}  // namespace

// The bytes in order: those in the file, then those in memory.
class ValueBuilder::Collected : public Value {
public:
    [[nodiscard]] std::uint64_t size() const override { return file_size + memory.size(); }

    void copy_to(ByteSink& sink) const override {
        std::vector<char> buffer(
            static_cast<std::size_t>(std::min<std::uint64_t>(file_size, kReadSize)));
        for (std::uint64_t offset = 0; offset < file_size;) {
            const auto piece = std::span{buffer}.first(
                static_cast<std::size_t>(std::min<std::uint64_t>(kReadSize, file_size - offset)));
            if (file->read(offset, std::as_writable_bytes(piece)) != piece.size()) {
                throw Error{ErrorKind::io, "the temporary file for a long value became shorter"};
            }
            sink.write({piece.data(), piece.size()});
            offset += piece.size();
        }
        sink.write(memory);
    }

    [[nodiscard]] std::optional<std::string_view> in_memory() const override {
        return file ? std::nullopt : std::optional<std::string_view>{memory};
    }

    void spill() {
        file->write(file_size, std::as_bytes(std::span{memory}));
        file_size += memory.size();
        memory.clear();
    }

    std::string memory;
    std::unique_ptr<io::File> file;
    std::uint64_t file_size = 0;
};

ValueBuilder::ValueBuilder(std::string store)
    : ValueBuilder{io::posix_environment(), std::move(store)} {}

ValueBuilder::ValueBuilder(io::Environment& environment, std::string store)
    : environment_{environment},
      store_{std::move(store)},
      collected_{std::make_unique<Collected>()} {}

ValueBuilder::~ValueBuilder() = default;

void ValueBuilder::write(std::string_view bytes) {
    if (bytes.size() > kMaxValueSize - collected_->size()) {
        throw Error{ErrorKind::usage,
                    "value longer than " + std::to_string(kMaxValueSize) + " bytes"};
    }
    if (collected_->memory.size() + bytes.size() > kMemoryLimit) {
        if (!collected_->file) {
            environment_.create_folder(store_);
            const auto folder = environment_.open_folder(store_);
            if (!folder) {
                throw Error{ErrorKind::io, "open " + store_ + ": it was removed meanwhile"};
            }
            collected_->file = folder->create_unnamed();
        }
        collected_->spill();
    }
    collected_->memory.append(bytes);
}

const Value& ValueBuilder::value() const {
    return *collected_;
}

void ValueBuilder::clear() {
    collected_->memory.clear();
    collected_->file.reset();
    collected_->file_size = 0;
}

}  // namespace bitask
