#include "bitask/writer.hpp"

#include "bitask/error.hpp"
#include "store/compactor.hpp"
#include "store/write_session.hpp"

#include <utility>

namespace bitask {

Writer::Writer(const std::string& store, WriterOptions options)
    : Writer{io::posix_environment(), store, std::move(options)} {}

Writer::Writer(io::Environment& environment, std::string store, WriterOptions options)
    : environment_{environment}, store_{std::move(store)}, options_{std::move(options)} {
    static_cast<void>(session());
}

Writer::~Writer() = default;

store::WriteSession& Writer::session() {
    if (!session_) {
        session_ = std::make_unique<store::WriteSession>(environment_, store_, options_);
    }
    return *session_;
}

void Writer::put(std::string_view key, std::string_view value) {
    session().put(key, value);
}
void Writer::put(std::string_view key, const Value& value) {
    session().put(key, value);
}
bool Writer::remove(std::string_view key) {
    return session().remove(key);
}
void Writer::remove(const KeyBatch& keys, const std::function<void(std::size_t, bool)>& removed) {
    session().remove(keys, removed);
}
void Writer::commit() {
    session().commit();
}
std::uint64_t Writer::salvage() {
    return session().salvage();
}
CompactionReport Writer::compact(const CompactionOptions& options) {
    session().commit();
    session_.reset();
    CompactionReport report = store::compact(environment_, store_, options_, options);
    static_cast<void>(session());
    return report;
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
