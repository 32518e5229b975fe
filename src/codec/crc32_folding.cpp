#include "codec/crc32_folding.hpp"

#ifdef BITASK_FOLDS_CRC32
#include <immintrin.h>
#ifndef __clang__
#include <sys/platform/x86.h>  // which clang does not take for C++
#endif

#include <array>
#include <cstddef>
#include <cstring>

namespace bitask::codec {
namespace {

// NOLINTBEGIN(portability-simd-intrinsics): it is for one kind of processor that they are here.
#define BITASK_FOLDING __attribute__((target("pclmul,sse4.1")))

constexpr std::size_t kBlock = 16;  // bytes
constexpr std::uint32_t kPolynomial = 0xEDB88320;

// In the paper's terms, all bits reflected: x^n modulo P for what a block is moved by.
struct Powers {
    std::uint64_t low;
    std::uint64_t high;
};
constexpr Powers kOverOneBlock{0x1'7519'97D0, 0x0'CCAA'009E};    // x^(128+32), x^(128-32)
constexpr Powers kOverFourBlocks{0x1'5444'2BD4, 0x1'C6E4'1596};  // x^(512+32), x^(512-32)
constexpr std::uint64_t kOverHalfABlock = 0x1'63CD'6124;         // x^64
constexpr std::uint64_t kReciprocal = 0x1'F701'1641;             // floor(x^64 / P)
constexpr std::uint64_t kWholePolynomial = 0x1'DB71'0641;        // P with its highest term

BITASK_FOLDING __m128i load(const char* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

BITASK_FOLDING __m128i pair(std::uint64_t low, std::uint64_t high) {
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}

// What stands before `next`, moved over it, and taken together with it.
BITASK_FOLDING __m128i fold(__m128i before, const Powers& distance, __m128i next) {
    const __m128i powers = pair(distance.low, distance.high);
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(before, powers, 0x00),
                                       _mm_clmulepi64_si128(before, powers, 0x11)),
                         next);
}

// The remainder of one block, by Barrett's method.
BITASK_FOLDING std::uint32_t reduce(__m128i block) {
    const __m128i low_words = pair(0xFFFF'FFFF, 0xFFFF'FFFF);
    const __m128i over_one = pair(kOverOneBlock.low, kOverOneBlock.high);
    __m128i rest =
        _mm_xor_si128(_mm_srli_si128(block, 8), _mm_clmulepi64_si128(block, over_one, 0x10));
    rest = _mm_xor_si128(
        _mm_srli_si128(rest, 4),
        _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), pair(kOverHalfABlock, 0), 0x00));
    const __m128i barrett = pair(kWholePolynomial, kReciprocal);
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), barrett, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), barrett, 0x00);
    return static_cast<std::uint32_t>(_mm_extract_epi32(_mm_xor_si128(rest, quotient), 1));
}

std::uint32_t bit_by_bit(std::string_view bytes, std::uint32_t state) {
    for (const char byte : bytes) {
        state ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            state = (state >> 1U) ^ (kPolynomial & (0U - (state & 1U)));
        }
    }
    return state;
}

// Moves a block's bytes to its end, so that `part` of them stay behind zeros; or to its beginning,
// so that `part` of them fall off.
constexpr std::array<std::uint8_t, 3 * kBlock> kMoves = [] {
    std::array<std::uint8_t, 3 * kBlock> moves{};
    moves.fill(0x80);
    for (std::size_t i = 0; i < kBlock; ++i) {
        moves[kBlock + i] = static_cast<std::uint8_t>(i);
    }
    return moves;
}();

BITASK_FOLDING __m128i keep_first(__m128i block, std::size_t part) {
    const auto* const move = reinterpret_cast<const char*>(kMoves.data() + part);
    return _mm_shuffle_epi8(block, load(move));
}

BITASK_FOLDING __m128i drop_first(__m128i block, std::size_t part) {
    const auto* const move = reinterpret_cast<const char*>(kMoves.data() + kBlock + part);
    return _mm_shuffle_epi8(block, load(move));
}

BITASK_FOLDING __m128i load_short(std::string_view bytes) {
    std::array<char, kBlock> block{};
    std::memcpy(block.data(), bytes.data(), bytes.size());
    return load(block.data());
}

// All of the bytes, four at least, as one block that leaves the same remainder. Zeros in front
// change no remainder: with them, there are whole blocks.
BITASK_FOLDING __m128i fold_all(std::string_view bytes, std::uint32_t state) {
    const __m128i before = _mm_cvtsi32_si128(static_cast<int>(state));
    if (bytes.size() < kBlock) {
        return keep_first(_mm_xor_si128(load_short(bytes), before), bytes.size());
    }
    const std::size_t part = bytes.size() % kBlock;
    __m128i all = _mm_xor_si128(load(bytes.data()), before);
    if (part != 0) {
        const __m128i second = _mm_xor_si128(load(bytes.data() + part), drop_first(before, part));
        all = fold(keep_first(all, part), kOverOneBlock, second);
    }
    const char* next = bytes.data() + part + kBlock;
    std::size_t left = bytes.size() - part - kBlock;
    if (left >= 4 * kBlock) {
        __m128i lane0 = fold(all, kOverOneBlock, load(next));
        __m128i lane1 = load(next + kBlock);
        __m128i lane2 = load(next + 2 * kBlock);
        __m128i lane3 = load(next + 3 * kBlock);
        for (next += 4 * kBlock, left -= 4 * kBlock; left >= 4 * kBlock;
             next += 4 * kBlock, left -= 4 * kBlock) {
            lane0 = fold(lane0, kOverFourBlocks, load(next));
            lane1 = fold(lane1, kOverFourBlocks, load(next + kBlock));
            lane2 = fold(lane2, kOverFourBlocks, load(next + 2 * kBlock));
            lane3 = fold(lane3, kOverFourBlocks, load(next + 3 * kBlock));
        }
        all = fold(lane0, kOverOneBlock, lane1);
        all = fold(all, kOverOneBlock, lane2);
        all = fold(all, kOverOneBlock, lane3);
    }
    for (; left > 0; next += kBlock, left -= kBlock) {
        all = fold(all, kOverOneBlock, load(next));
    }
    return all;
}

}  // namespace

bool can_fold_crc32() noexcept {
#ifdef __clang__
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#else
    return CPU_FEATURE_ACTIVE(PCLMULQDQ) && CPU_FEATURE_ACTIVE(SSE4_1);
#endif
}

BITASK_FOLDING std::uint32_t crc32_folded(std::string_view bytes, std::uint32_t before) noexcept {
    if (bytes.size() < sizeof(before)) {
        return ~bit_by_bit(bytes, ~before);
    }
    return ~reduce(fold_all(bytes, ~before));
}
// NOLINTEND(portability-simd-intrinsics)

}  // namespace bitask::codec
#endif
