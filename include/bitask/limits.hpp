#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bitask {

// Sizes in bytes. The format allows keys of up to 2^32-1 bytes, and such keys are read wherever
// another program wrote them; this tool writes none above 64 KiB.
inline constexpr std::uint64_t kMaxKeySize = 64 * 1024;
inline constexpr std::uint64_t kMaxValueSize = 0xFFFF'FFFF;

// An active log that has grown past this is sealed before the next put.
inline constexpr std::uint64_t kDefaultMaxLogSize = 4 * 1024 * 1024;

// The share of old records, in percent, from which on a compaction rewrites a log unless it is told
// otherwise: to free a byte then costs four bytes of writing at the most.
inline constexpr double kDefaultMinGarbage = 20;

// How long a writer waits for the lock of another.
inline constexpr std::chrono::milliseconds kDefaultWait{1000};

// How much memory a load may take for keys that wait for their hints, about.
inline constexpr std::size_t kDefaultMaxMemory = std::size_t{32} * 1024 * 1024;

// How many bytes of logs a writer leaves behind that no hint speaks of. Readers scan them.
inline constexpr std::uint64_t kDefaultMaxTail = 64 * 1024;

}  // namespace bitask
