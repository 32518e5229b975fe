#pragma once

#include "bitask/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bitask {
class Input;
}

namespace bitask::cli {

// An input that is cut at every `ending` byte, into lines or into fields closed by a NUL. Each
// segment is read in pieces, so that its length does not matter.
class Segments {
public:
    Segments(Input& input, char ending) : input_{input}, ending_{ending} {}

    // Moves to the next segment, behind whatever is left of the one at hand. False at the end of
    // the input.
    bool next();

    // Bytes of this segment that were not consumed yet, none only at its end. They stay valid
    // until the next call of a member function.
    std::string_view peek();
    void consume(std::size_t size);  // of what peek() returned

    // The next segment, where all of it is in memory already, with its ending; to be moved behind
    // with pass_whole(). Nothing where it has to be read, or one is at hand.
    [[nodiscard]] std::optional<std::string_view> next_whole() const;
    void pass_whole(std::size_t size);

    // Hands over all that is left of this segment.
    void drain_to(ByteSink& sink);

    // Whether the ending was there, which the last segment may lack. Known at the segment's end.
    [[nodiscard]] bool closed() const noexcept { return closed_; }

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }  // from 1 on
    [[nodiscard]] const Input& input() const noexcept { return input_; }

private:
    Input& input_;
    char ending_;
    bool inside_ = false;  // the end of the segment at hand has not been met
    bool closed_ = true;
    std::uint64_t number_ = 0;
};

}  // namespace bitask::cli
