#pragma once

#include "io/environment.hpp"
#include "io/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace bitask::io {

// A file of the operating system.
class PosixFile : public File {
public:
    // `path` is for messages.
    PosixFile(UniqueFd fd, std::string path, Access access);

    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> out) const override;
    [[nodiscard]] std::unique_ptr<Mapping> map() const override;
    void write(std::uint64_t offset, std::span<const std::byte> bytes) override;
    void truncate(std::uint64_t size) override;
    void sync() override;
    void begin_sync() override;
    void wait_for_begun(std::uint64_t end) const override;
    void forget() const noexcept override;
    [[nodiscard]] std::uint64_t size() const override;
    [[nodiscard]] FileIdentity identity() const override;
    [[nodiscard]] bool lock(std::chrono::milliseconds wait) override;
    [[nodiscard]] std::optional<std::uint64_t> lock_holder() const override;

private:
    UniqueFd fd_;
    std::string path_;
    Access access_;
};

// Bytes from `offset` on; fewer than asked for only at the end of the file.
[[nodiscard]] std::size_t read_fully(int fd, const std::string& path, std::uint64_t offset,
                                     std::span<std::byte> out);

}  // namespace bitask::io
