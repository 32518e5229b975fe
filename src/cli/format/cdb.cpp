#include "cli/format/factories.hpp"

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "bitask/writer.hpp"
#include "cli/format/key_sink.hpp"
#include "cli/format/position.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// A pair is: +klen,dlen:key->data NEWLINE, the bytes as they are; an empty line follows the last
// one (D. J. Bernstein, cdbmake).
namespace bitask::cli {

namespace {

class CdbWriter final : public PairWriter {
public:
    explicit CdbWriter(ByteSink& out) : out_{out} {}

    void write_pair(std::string_view key, const Value& value) override {
        out_.write("+" + std::to_string(key.size()) + ',' + std::to_string(value.size()) + ':');
        out_.write(key);
        out_.write("->");
        value.copy_to(out_);
        out_.write("\n");
    }

    void write_key(std::string_view /*key*/) override { throw_no_keys_alone(Format::cdb); }

    void finish() override { out_.write("\n"); }

private:
    ByteSink& out_;
};

class CdbReader final : public PairReader {
public:
    explicit CdbReader(Input& input) : input_{input} {}

    bool next(std::string& key, ValueBuilder& value) override {
        key.clear();
        value.clear();
        goes_on_ = false;
        ++pairs_;
        try {
            if (take() == '\n') {
                check_end();
                return false;
            }
            read_pair(key, value);
        } catch (const Error& error) {
            throw at_position(item_of(input_, "pair", pairs_), error);
        }
        return true;
    }

    [[nodiscard]] bool goes_on() const noexcept override { return goes_on_; }

private:
    void read_pair(std::string& key, ValueBuilder& value) {
        if (last_ != '+') {
            throw Error{ErrorKind::usage, "neither a pair nor the empty line behind the last one"};
        }
        const std::uint64_t key_size = read_number(',');
        const std::uint64_t value_size = read_number(':');
        if (key_size > kMaxKeySize || value_size > kMaxValueSize) {
            skip(key_size);
            expect("->");
            skip(value_size);
            expect("\n");
        } else {
            KeySink sink{key};
            copy(key_size, sink);
            expect("->");
            copy(value_size, value);
            expect("\n");
        }
        goes_on_ = true;  // whatever is wrong with the pair, the next one begins here
        if (key_size <= kMaxKeySize) {
            check_key(key);
        } else {
            throw Error{ErrorKind::usage,
                        "key longer than " + std::to_string(kMaxKeySize) + " bytes"};
        }
        check_value_size(value_size);
    }

    char take() {
        const std::string_view bytes = input_.peek();
        if (bytes.empty()) {
            throw_unfinished();
        }
        last_ = bytes.front();
        input_.consume(1);
        return last_;
    }

    std::uint64_t read_number(char ending) {
        constexpr std::uint64_t kLargest = UINT32_MAX;  // the most that a cdb can hold
        std::uint64_t number = 0;
        bool empty = true;
        for (char digit = take(); digit != ending; digit = take()) {
            if (digit < '0' || digit > '9') {
                throw Error{ErrorKind::usage, "the length of a key or value is not a number"};
            }
            number = number * 10 + static_cast<std::uint64_t>(digit - '0');
            if (number > kLargest) {
                throw Error{ErrorKind::usage, "the length of a key or value is too large"};
            }
            empty = false;
        }
        if (empty) {
            throw Error{ErrorKind::usage, "the length of a key or value is missing"};
        }
        return number;
    }

    void expect(std::string_view text) {
        for (const char byte : text) {
            if (take() != byte) {
                throw Error{ErrorKind::usage, "a key or value has another length than it says"};
            }
        }
    }

    // Hands over so many bytes; memory grows with what comes, not with what is said to come.
    void copy(std::uint64_t size, ByteSink& sink) {
        while (size > 0) {
            const std::string_view bytes = input_.peek();
            if (bytes.empty()) {
                throw_unfinished();
            }
            const auto piece = bytes.substr(
                0, static_cast<std::size_t>(std::min<std::uint64_t>(size, bytes.size())));
            sink.write(piece);
            size -= piece.size();
            input_.consume(piece.size());
        }
    }

    void skip(std::uint64_t size) {
        class Nowhere final : public ByteSink {
            void write(std::string_view /*bytes*/) override {}
        } nowhere;
        copy(size, nowhere);
    }

    void check_end() {
        if (!input_.peek().empty()) {
            throw Error{ErrorKind::usage, "something follows the empty line behind the last pair"};
        }
    }

    [[noreturn]] static void throw_unfinished() {
        throw Error{ErrorKind::usage, "the input ends without the empty line behind the last pair"};
    }

    Input& input_;
    char last_ = '\0';  // taken
    std::uint64_t pairs_ = 0;
    bool goes_on_ = false;
};

}  // namespace

std::unique_ptr<PairWriter> make_cdb_writer(ByteSink& out) {
    return std::make_unique<CdbWriter>(out);
}

std::unique_ptr<PairReader> make_cdb_reader(Input& input) {
    return std::make_unique<CdbReader>(input);
}

}  // namespace bitask::cli
