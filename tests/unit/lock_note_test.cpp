#include "store/lock_note.hpp"

#include "log/record.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace bitask::store {
namespace {

const LockNote kNote{.log = 1'700'000'000'000,
                     .end = 46,
                     .last_timestamp = 1'700'000'000'005,
                     .ordered_from = 7,
                     .last_compaction = 0x0102'0304'0506'0708,
                     .synced = true};

std::optional<LockNote> decode(std::string_view bytes) {
    return decode_note(test::bytes_view(bytes));
}

TEST_CASE("a note has the bytes that the format's document shows") {
    CHECK(test::hex(encode_note(kNote)) ==
          "62746b6e6f746531"
          "0068e5cf8b010000"
          "2e00000000000000"
          "0568e5cf8b010000"
          "0700000000000000"
          "0807060504030201"
          "01000000"
          "6ab9fe17");
}

TEST_CASE("a note comes back from its bytes") {
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    for (const LockNote& note :
         {LockNote{}, kNote, LockNote{kMost, kMost, log::kMaxTimestamp, kMost, kMost}}) {
        const std::string bytes = encode_note(note);
        CHECK(bytes.size() == LockNote::kSize);
        CHECK(decode(bytes) == note);
    }
}

TEST_CASE("a note of a time that no record may have is none") {
    LockNote note = kNote;
    note.last_timestamp = log::kMaxTimestamp + 1;
    CHECK_FALSE(decode(encode_note(note)));
}

TEST_CASE("a note with any bit changed is none") {
    const std::string bytes = encode_note(kNote);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            CAPTURE(at, bit);
            CHECK_FALSE(decode(test::flipped(bytes, at, 1U << bit)));
        }
    }
}

TEST_CASE("a part of a note is none, and what follows a note does not matter") {
    const std::string bytes = encode_note(kNote);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(decode(std::string_view{bytes}.substr(0, size)));
    }
    CHECK(decode(bytes + "more") == kNote);
    CHECK_FALSE(decode(std::string(LockNote::kSize, '\0')));
}

}  // namespace
}  // namespace bitask::store
