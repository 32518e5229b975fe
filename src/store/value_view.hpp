#pragma once

#include "bitask/value.hpp"

#include <cstdint>
#include <string_view>

namespace bitask::store {

// A value that something else holds.
class ValueView final : public Value {
public:
    void show(std::string_view bytes) { bytes_ = bytes; }

    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    void copy_to(ByteSink& sink) const override { sink.write(bytes_); }

private:
    std::string_view bytes_;
};

}  // namespace bitask::store
