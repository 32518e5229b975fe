#include "cli/format/factories.hpp"

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "cli/format/escapes.hpp"
#include "cli/format/key_sink.hpp"
#include "cli/format/position.hpp"
#include "cli/format/segments.hpp"

#include <cstdint>

// A pair is: key NUL value NUL, the bytes as they are.
namespace bitask::cli {

namespace {

class NulFinder final : public ByteSink {
public:
    void write(std::string_view bytes) override {
        found_ = found_ || bytes.find('\0') != std::string_view::npos;
    }

    [[nodiscard]] bool found() const noexcept { return found_; }

private:
    bool found_ = false;
};

[[noreturn]] void throw_inexpressible(const std::string& what) {
    throw Error{ErrorKind::usage,
                what + " holds a NUL byte, which the null format cannot express; use tsv or json"};
}

class NullWriter final : public PairWriter {
public:
    explicit NullWriter(ByteSink& out) : out_{out} {}

    void write_pair(std::string_view key, const Value& value) override {
        check_key_bytes(key);
        NulFinder finder;
        value.copy_to(finder);
        if (finder.found()) {
            throw_inexpressible("the value of " + in_quotes(key));
        }
        write_key(key);
        value.copy_to(out_);
        out_.write(kNul);
    }

    void write_key(std::string_view key) override {
        check_key_bytes(key);
        out_.write(key);
        out_.write(kNul);
    }

private:
    static constexpr std::string_view kNul{"\0", 1};

    static void check_key_bytes(std::string_view key) {
        if (key.find('\0') != std::string_view::npos) {
            throw_inexpressible("the key " + in_quotes(key));
        }
    }

    ByteSink& out_;
};

class NullReader final : public PairReader {
public:
    explicit NullReader(Input& input) : fields_{input, '\0'} {}

    bool next(std::string& key, ValueBuilder& value) override {
        key.clear();
        value.clear();
        if (!fields_.next()) {
            return false;
        }
        ++pairs_;
        goes_on_ = false;
        try {
            read_pair(key, value);
        } catch (const Error& error) {
            throw at_position(item_of(fields_.input(), "pair", pairs_), error);
        }
        return true;
    }

    [[nodiscard]] bool goes_on() const noexcept override { return goes_on_; }

private:
    void read_pair(std::string& key, ValueBuilder& value) {
        try {
            KeySink sink{key};
            read_field(sink);
            check_key(key);
        } catch (const Error&) {
            goes_on_ = fields_.next();  // to the value, which is passed over with its key
            throw;
        }
        if (!fields_.next()) {
            throw_unfinished();
        }
        read_field(value);
        goes_on_ = true;
        check_value_size(value.value().size());
    }

    void read_field(ByteSink& sink) {
        fields_.drain_to(sink);
        if (!fields_.closed()) {
            throw_unfinished();
        }
    }

    [[noreturn]] static void throw_unfinished() {
        throw Error{ErrorKind::usage, "the input ends in the middle of a pair"};
    }

    Segments fields_;
    std::uint64_t pairs_ = 0;
    bool goes_on_ = false;
};

}  // namespace

std::unique_ptr<PairWriter> make_null_writer(ByteSink& out) {
    return std::make_unique<NullWriter>(out);
}

std::unique_ptr<PairReader> make_null_reader(Input& input) {
    return std::make_unique<NullReader>(input);
}

}  // namespace bitask::cli
