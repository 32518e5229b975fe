#pragma once

#include "bitask/bytes.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bitask {

class Input;

namespace io {
class Environment;
}

// A value on its way into or out of a store: bytes of a known length that can be gone through
// more than once without ever being held in memory as a whole.
class Value {
public:
    virtual ~Value() = default;

    [[nodiscard]] virtual std::uint64_t size() const = 0;  // in bytes

    // Hands all the bytes to the sink, in order, in pieces of any size. Throws Error (corrupt or
    // io) when they cannot be read, or are no longer what they were.
    virtual void copy_to(ByteSink& sink) const = 0;

    // All the bytes, where they are in memory; for small values, to spare a copy.
    [[nodiscard]] virtual std::optional<std::string_view> in_memory() const { return {}; }
};

// A value that is in memory.
class MemoryValue : public Value {
public:
    explicit MemoryValue(std::string bytes) : bytes_{std::move(bytes)} {}

    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    void copy_to(ByteSink& sink) const override { sink.write(bytes_); }
    [[nodiscard]] std::optional<std::string_view> in_memory() const override { return bytes_; }

private:
    std::string bytes_;
};

// Collects a value whose length is not known before its end. Small values stay in memory; what
// grows past `kMemoryLimit` goes on in a nameless file in the store's folder, which vanishes with
// this object or the process.
class ValueBuilder : public ByteSink {
public:
    static constexpr std::uint64_t kMemoryLimit = 4 * 1024 * 1024;

    // `store` is the folder of the store that the value is meant for. It is created only if a
    // value outgrows memory.
    explicit ValueBuilder(std::string store);
    ValueBuilder(io::Environment& environment, std::string store);
    ~ValueBuilder() override;
    ValueBuilder(const ValueBuilder&) = delete;
    ValueBuilder& operator=(const ValueBuilder&) = delete;

    // Throws Error: usage when the value grows past kMaxValueSize, io when it cannot be kept.
    void write(std::string_view bytes) override;

    // The bytes so far; valid until the next write() or clear().
    [[nodiscard]] const Value& value() const;

    // Begins a new value and keeps the memory.
    void clear();

private:
    class Collected;
    io::Environment& environment_;
    std::string store_;
    std::unique_ptr<Collected> collected_;
};

// All that can be read from `input`, of which nothing has been taken yet, from its present position
// to its end. A large regular file is used where it lies; anything else is collected as by
// ValueBuilder. No lock is held meanwhile. The input must outlive the value.
std::unique_ptr<Value> receive_value(Input& input, const std::string& store);

}  // namespace bitask
