#pragma once

// The test framework, in whichever of its two generations is installed. Tests include this file
// and no other of the framework's, and use the newer one's names.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>

#include <string>

namespace Catch::Matchers {
inline auto ContainsSubstring(const std::string& text) {  // NOLINT(readability-identifier-naming)
    return Contains(text);
}
}  // namespace Catch::Matchers
#endif
