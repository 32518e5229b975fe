#pragma once

#include <string_view>

namespace bitask {

// Where bytes go: standard output, a checksum, a log, a test's string. Takes them all or throws.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    virtual void write(std::string_view bytes) = 0;
};

}  // namespace bitask
