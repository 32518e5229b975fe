#pragma once

#include "bitask/bytes.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace bitask::cli {

// Gathers bytes and short pieces before a sink, so that the sink is called for each kilobyte or
// so and not for each byte. What was put arrives for certain at flush() only: the destructor
// throws it away.
class Gather {
public:
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): see buffer_
    explicit Gather(ByteSink& out) : out_{out} {}
    ~Gather() = default;
    Gather(const Gather&) = delete;
    Gather& operator=(const Gather&) = delete;

    void put(char byte) {
        if (size_ == buffer_.size()) {
            flush();
        }
        buffer_[size_++] = byte;
    }

    void put(std::string_view bytes) {
        if (bytes.size() > buffer_.size() - size_) {
            flush();
        }
        if (bytes.size() > buffer_.size()) {
            out_.write(bytes);
            return;
        }
        size_ += bytes.copy(buffer_.data() + size_, bytes.size());
    }

    void flush() {
        if (size_ > 0) {
            out_.write({buffer_.data(), size_});
            size_ = 0;
        }
    }

private:
    ByteSink& out_;
    std::size_t size_ = 0;
    std::array<char, 1024> buffer_;  // not cleared: a small line must not pay for it
};

}  // namespace bitask::cli
