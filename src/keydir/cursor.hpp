#pragma once

#include "keydir/entry.hpp"

#include <optional>
#include <string_view>

namespace bitask::keydir {

// A walk over entries in the order of their keys. All moves return whether there is an item; when
// there is none the cursor stands nowhere, until the next seek.
class Cursor {
public:
    Cursor() = default;
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    virtual ~Cursor() = default;

    virtual bool seek(std::string_view at_or_after) = 0;
    virtual bool seek_before(std::optional<std::string_view> before) = 0;  // or the last of all
    virtual bool next() = 0;
    virtual bool previous() = 0;

    [[nodiscard]] virtual bool valid() const = 0;
    [[nodiscard]] virtual std::string_view key() const = 0;  // good until the next move
    [[nodiscard]] virtual const Entry& entry() const = 0;    // likewise
};

}  // namespace bitask::keydir
