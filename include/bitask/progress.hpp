#pragma once

#include <cstdint>

namespace bitask {

// Told now and then how far a long piece of work has come.
class Progress {
public:
    virtual ~Progress() = default;
    virtual void advance(std::uint64_t done_bytes, std::uint64_t total_bytes) = 0;
};

}  // namespace bitask
