#include "bitask/writer.hpp"

#include "bitask/error.hpp"
#include "store/write_session.hpp"

#include <utility>

namespace bitask {

Writer::Writer(const std::string& store, WriterOptions options)
    : Writer{io::posix_environment(), store, std::move(options)} {}

Writer::Writer(io::Environment& environment, const std::string& store, WriterOptions options)
    : session_{std::make_unique<store::WriteSession>(environment, store, std::move(options))} {}

Writer::~Writer() = default;

void Writer::put(std::string_view key, std::string_view value) {
    session_->put(key, value);
}
void Writer::put(std::string_view key, const Value& value) {
    session_->put(key, value);
}
bool Writer::remove(std::string_view key) {
    return session_->remove(key);
}
void Writer::commit() {
    session_->commit();
}
std::uint64_t Writer::salvage() {
    return session_->salvage();
}
CompactionReport Writer::compact(const CompactionOptions& options) {
    return session_->compact(options);
}

void check_key(std::string_view key) {
    if (key.empty()) {
        throw Error{ErrorKind::usage, "empty key"};
    }
    if (key.size() > kMaxKeySize) {
        throw Error{ErrorKind::usage, "key longer than " + std::to_string(kMaxKeySize) + " bytes"};
    }
}

void check_value_size(std::uint64_t size) {
    if (size == 0) {
        throw Error{ErrorKind::usage, "empty value"};
    }
    if (size > kMaxValueSize) {
        throw Error{ErrorKind::usage,
                    "value longer than " + std::to_string(kMaxValueSize) + " bytes"};
    }
}

}  // namespace bitask
