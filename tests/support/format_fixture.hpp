#pragma once

#include "bitask/error.hpp"
#include "bitask/streams.hpp"
#include "bitask/value.hpp"
#include "cli/format/pair_format.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// What the tests of formats have in common: inputs that hold a given text, values and sinks in
// memory, and pairs to compare.
namespace bitask::test {

class TextSink final : public ByteSink {
public:
    void write(std::string_view bytes) override { text += bytes; }

    std::string text;
};

// Hands itself out in pieces of a given size.
class TextValue final : public Value {
public:
    explicit TextValue(std::string text, std::size_t piece = 4096)
        : text_{std::move(text)}, piece_{piece} {}

    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }

    void copy_to(ByteSink& sink) const override {
        for (std::size_t at = 0; at < text_.size(); at += piece_) {
            sink.write(std::string_view{text_}.substr(at, piece_));
        }
    }

private:
    std::string text_;
    std::size_t piece_;
};

// A text as an input, called "input" in messages.
class TextInput {
public:
    explicit TextInput(std::string_view text) : file_{std::tmpfile()} {
        if (file_ == nullptr || std::fwrite(text.data(), 1, text.size(), file_) != text.size()) {
            throw std::runtime_error{"no temporary file"};
        }
        std::rewind(file_);
        input_ = std::make_unique<Input>(::fileno(file_), "input");
    }
    ~TextInput() { std::fclose(file_); }
    TextInput(const TextInput&) = delete;
    TextInput& operator=(const TextInput&) = delete;

    operator Input&() { return *input_; }

    // As a program does that is still writing the file.
    void grow(std::string_view text) {
        const int file = ::fileno(file_);
        const off_t end = ::lseek(file, 0, SEEK_CUR);  // where the reader stands: at the end
        if (::pwrite(file, text.data(), text.size(), end) < 0) {
            throw std::runtime_error{"no temporary file"};
        }
    }

private:
    std::FILE* file_;
    std::unique_ptr<Input> input_;
};

// The same, but each read of the descriptor gives one piece of a given size, whatever the timing:
// a socket that keeps the borders of what was sent.
class PiecewiseInput {
public:
    PiecewiseInput(std::string_view text, std::size_t piece) {
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends_.data()) != 0) {
            throw std::runtime_error{"no socket"};
        }
        input_ = std::make_unique<Input>(ends_[0], "input");
        sender_ = std::thread{[this, text = std::string{text}, piece] {
            for (std::size_t at = 0; at < text.size(); at += piece) {
                const std::size_t size = std::min(piece, text.size() - at);
                if (::send(ends_[1], text.data() + at, size, MSG_NOSIGNAL) < 0) {
                    break;  // the test has stopped reading
                }
            }
            ::close(ends_[1]);
        }};
    }
    ~PiecewiseInput() {
        ::close(ends_[0]);
        sender_.join();
    }
    PiecewiseInput(const PiecewiseInput&) = delete;
    PiecewiseInput& operator=(const PiecewiseInput&) = delete;

    operator Input&() { return *input_; }

private:
    std::array<int, 2> ends_{};
    std::unique_ptr<Input> input_;
    std::thread sender_;
};

struct Pair {
    std::string key;
    std::string value;

    friend bool operator==(const Pair&, const Pair&) = default;
};

inline std::string text_of(const Value& value) {
    TextSink sink;
    value.copy_to(sink);
    return sink.text;
}

// The pairs as the format prints them, each value handed over in pieces of that size.
inline std::string print(cli::Format format, const std::vector<Pair>& pairs,
                         std::size_t piece = 4096) {
    TextSink sink;
    const auto writer = cli::make_pair_writer(format, sink);
    for (const Pair& pair : pairs) {
        writer->write_pair(pair.key, TextValue{pair.value, piece});
    }
    writer->finish();
    return sink.text;
}

inline std::string print_key(cli::Format format, std::string_view key) {
    TextSink sink;
    cli::make_pair_writer(format, sink)->write_key(key);
    return sink.text;
}

// Reads pairs and remembers what was said about them.
class PairSource {
public:
    PairSource(cli::Format format, Input& input)
        : reader_{cli::make_pair_reader(
              format, input, [this](const std::string& line) { warnings.push_back(line); })} {}

    // Throws as PairReader::next() does, and at the end of the input.
    Pair next() {
        if (!reader_->next(key_, value_)) {
            throw std::out_of_range{"no more pairs"};
        }
        return {key_, text_of(value_.value())};
    }

    [[nodiscard]] bool at_end() { return !reader_->next(key_, value_); }
    [[nodiscard]] bool goes_on() const { return reader_->goes_on(); }

    // Nothing where it takes next().
    std::optional<Pair> next_in_place() {
        const auto pair = reader_->next_in_place();
        return pair ? std::optional{Pair{std::string{pair->key}, std::string{pair->value}}}
                    : std::nullopt;
    }

    // As a load reads them, in place wherever that is possible.
    std::vector<Pair> rest() {
        std::vector<Pair> pairs;
        while (reader_->next(key_, value_)) {
            pairs.push_back({key_, text_of(value_.value())});
            while (auto pair = next_in_place()) {
                pairs.push_back(std::move(*pair));
            }
        }
        return pairs;
    }

    // What next() complains about; empty when it does not.
    std::string refusal() {
        try {
            reader_->next(key_, value_);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::usage ? error.what() : "an error of another kind";
        }
        return {};
    }

    std::vector<std::string> warnings;

private:
    std::string key_;
    ValueBuilder value_{"a-store-that-is-never-created"};
    std::unique_ptr<cli::PairReader> reader_;
};

// All the pairs of a text, which must be well-formed.
inline std::vector<Pair> parse(cli::Format format, std::string_view text) {
    TextInput input{text};
    return PairSource{format, input}.rest();
}

// What is wrong with the first pair of a text.
inline std::string refusal_of(cli::Format format, std::string_view text) {
    TextInput input{text};
    return PairSource{format, input}.refusal();
}

// The one thing that any call may complain about.
template <class Action>
std::string usage_error_of(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind() == ErrorKind::usage ? error.what() : "an error of another kind";
    }
    return {};
}

// Refuses to grow as a builder does that has met its limit, without the gigabytes.
class FullBuilder final : public ValueBuilder {
public:
    FullBuilder() : ValueBuilder{"a-store-that-is-never-created"} {}

    void write(std::string_view /*bytes*/) override {
        throw Error{ErrorKind::usage, "value longer than 4294967295 bytes"};
    }
};

}  // namespace bitask::test
