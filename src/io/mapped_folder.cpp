#include "io/mapped_folder.hpp"

#include <cstring>

namespace bitask::io {
namespace {

class MappedFile final : public File {
public:
    MappedFile(std::unique_ptr<File> inner, std::unique_ptr<Mapping> mapping)
        : inner_{std::move(inner)}, mapping_{std::move(mapping)} {}

    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override {
        const auto bytes = in_memory();
        if (offset > bytes.size() || out.size() > bytes.size() - offset) {
            return inner_->read(offset, out);  // it knows what to say of a file that is too short
        }
        std::memcpy(out.data(), bytes.data() + offset, out.size());
        return out.size();
    }
    [[nodiscard]] std::span<const std::byte> in_memory() const noexcept override {
        return mapping_->bytes();
    }

    void write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        inner_->write(offset, bytes);
    }
    void truncate(std::uint64_t size) override { inner_->truncate(size); }
    void sync() override { inner_->sync(); }
    void begin_sync() override { inner_->begin_sync(); }
    void wait_for_begun(std::uint64_t end) const override { inner_->wait_for_begun(end); }
    void forget() const noexcept override { inner_->forget(); }
    [[nodiscard]] std::uint64_t size() const override { return inner_->size(); }
    [[nodiscard]] FileIdentity identity() const override { return inner_->identity(); }
    [[nodiscard]] bool lock(std::chrono::milliseconds wait) override { return inner_->lock(wait); }
    [[nodiscard]] std::optional<std::uint64_t> lock_holder() const override {
        return inner_->lock_holder();
    }

private:
    std::unique_ptr<File> inner_;
    std::unique_ptr<Mapping> mapping_;
};

}  // namespace

std::unique_ptr<File> MappedFolder::open(std::string_view name, Access access) const {
    auto file = inner_->open(name, access);
    auto mapping = file ? file->map() : nullptr;
    if (!mapping) {
        return file;
    }
    return std::make_unique<MappedFile>(std::move(file), std::move(mapping));
}

}  // namespace bitask::io
