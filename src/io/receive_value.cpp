#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "bitask/streams.hpp"
#include "bitask/value.hpp"
#include "io/posix_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace bitask {
namespace {

constexpr std::uint64_t kPieceSize = 256 * 1024;

// A part of a regular file that someone else has open.
class FileValue : public Value {
public:
    FileValue(const Input& input, std::uint64_t offset, std::uint64_t size)
        : input_{input}, offset_{offset}, size_{size} {}

    [[nodiscard]] std::uint64_t size() const override { return size_; }

    void copy_to(ByteSink& sink) const override {
        std::vector<char> buffer(kPieceSize);
        for (std::uint64_t done = 0; done < size_;) {
            const auto piece = std::span{buffer}.first(
                static_cast<std::size_t>(std::min(kPieceSize, size_ - done)));
            if (io::read_fully(input_.descriptor(), input_.name(), offset_ + done,
                               std::as_writable_bytes(piece)) != piece.size()) {
                throw Error{ErrorKind::io,
                            input_.name() + ": the file became shorter while it was read"};
            }
            sink.write({piece.data(), piece.size()});
            done += piece.size();
        }
    }

private:
    const Input& input_;
    std::uint64_t offset_;
    std::uint64_t size_;
};

class CollectedValue : public Value {
public:
    CollectedValue(Input& input, const std::string& store) : builder_{store} {
        for (auto bytes = input.peek(); !bytes.empty(); bytes = input.peek()) {
            builder_.write(bytes);
            input.consume(bytes.size());
        }
    }

    [[nodiscard]] std::uint64_t size() const override { return builder_.value().size(); }
    void copy_to(ByteSink& sink) const override { builder_.value().copy_to(sink); }

private:
    ValueBuilder builder_;
};

// A large regular file, from its present position on. Small ones are collected like any other
// input: many files of a system are regular by name only and do not know their size.
std::unique_ptr<Value> value_in_place(const Input& input) {
    const int descriptor = input.descriptor();
    struct stat status {};
    const off_t position = ::lseek(descriptor, 0, SEEK_CUR);
    if (position < 0 || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size <= position) {
        return nullptr;
    }
    const auto offset = static_cast<std::uint64_t>(position);
    const std::uint64_t size = static_cast<std::uint64_t>(status.st_size) - offset;
    if (size <= ValueBuilder::kMemoryLimit) {
        return nullptr;
    }
    if (size > kMaxValueSize) {
        throw Error{ErrorKind::usage,
                    "value longer than " + std::to_string(kMaxValueSize) + " bytes"};
    }
    return std::make_unique<FileValue>(input, offset, size);
}

}  // namespace

std::unique_ptr<Value> receive_value(Input& input, const std::string& store) {
    if (auto value = value_in_place(input)) {
        return value;
    }
    return std::make_unique<CollectedValue>(input, store);
}

}  // namespace bitask
