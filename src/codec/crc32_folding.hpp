#pragma once

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#define BITASK_FOLDS_CRC32

#include <cstdint>
#include <string_view>

// CRC-32 by carry-less multiplication, sixteen bytes at a time, as in V. Gopal and others, "Fast
// CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009. Ten times as
// fast as a table, and a process that checks a few records need not fetch one.
namespace bitask::codec {

// Whether this processor can. Asks the C library, which has found out already: to ask the
// processor itself takes a virtual machine longer than to get a value.
[[nodiscard]] bool can_fold_crc32() noexcept;

// As crc32(). Only where can_fold_crc32().
[[nodiscard]] std::uint32_t crc32_folded(std::string_view bytes, std::uint32_t before) noexcept;

}  // namespace bitask::codec

#endif
