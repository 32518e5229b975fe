#pragma once

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "bitask/value.hpp"

#include <string>
#include <string_view>

// What no format may hand on. All throw Error (usage) without a position.
namespace bitask::cli {

// Collects a key and refuses it as soon as it is too long, so that a file without a separator is
// never read into memory.
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

inline void refuse_empty_key(std::string_view key) {
    if (key.empty()) {
        throw Error{ErrorKind::usage, "empty key"};
    }
}

inline void refuse_empty_value(const ValueBuilder& value) {
    if (value.value().size() == 0) {
        throw Error{ErrorKind::usage, "empty value"};
    }
}

}  // namespace bitask::cli
