#pragma once

#include "bitask/bytes.hpp"
#include "bitask/error.hpp"
#include "bitask/limits.hpp"

#include <string>
#include <string_view>

namespace bitask::cli {

// Collects a key and refuses it, with an Error (usage), as soon as it is too long, so that a file
// without a separator is never read into memory.
class KeySink final : public ByteSink {
public:
    explicit KeySink(std::string& key) : key_{key} {}

    void write(std::string_view bytes) override {
        if (bytes.size() > kMaxKeySize - key_.size()) {
            throw Error{ErrorKind::usage,
                        "key longer than " + std::to_string(kMaxKeySize) + " bytes"};
        }
        key_ += bytes;
    }

private:
    std::string& key_;  // never longer than kMaxKeySize
};

}  // namespace bitask::cli
