#include "cli/format/factories.hpp"

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "cli/format/base64.hpp"
#include "cli/format/escape_table.hpp"
#include "cli/format/json_pair.hpp"
#include "cli/format/key_sink.hpp"
#include "cli/format/position.hpp"
#include "cli/format/segments.hpp"
#include "cli/format/utf8.hpp"

#include <utility>

// A pair is one object on a line: {"key":"...","value":"..."}. A string that is not UTF-8 goes as
// base64, as "key_base64" or "value_base64", so that the output is JSON whatever the bytes are.
//
// The output is made by hand and not by a JSON library: a library wants the value as one string
// in memory, while here even a value of gigabytes passes through in pieces.
namespace bitask::cli {

namespace {

constexpr EscapeTable make_json_escapes() {
    EscapeTable table;
    for (char byte = 0; byte < 0x20; ++byte) {
        table.set_hex(byte, "\\u00");
    }
    table.set_hex(0x7f, "\\u00");  // JSON lets it stand, but a terminal may not
    table.set('\b', "\\b");
    table.set('\t', "\\t");
    table.set('\n', "\\n");
    table.set('\f', "\\f");
    table.set('\r', "\\r");
    table.set('"', "\\\"");
    table.set('\\', "\\\\");
    return table;
}

constexpr EscapeTable kJsonEscapes = make_json_escapes();

class JsonWriter final : public PairWriter {
public:
    explicit JsonWriter(ByteSink& out) : out_{out}, escaped_{kJsonEscapes, out} {}

    void write_pair(std::string_view key, const Value& value) override {
        Utf8Check check;  // before all else: a value that cannot be read leaves no half line
        value.copy_to(check);
        out_.write("{");
        write_key_member(key);
        if (check.valid()) {
            out_.write(R"(,"value":")");
            value.copy_to(escaped_);
        } else {
            out_.write(R"(,"value_base64":")");
            Base64Encoder encoder{out_};
            value.copy_to(encoder);
            encoder.finish();
        }
        out_.write("\"}\n");
    }

    void write_key(std::string_view key) override {
        out_.write("{");
        write_key_member(key);
        out_.write("}\n");
    }

private:
    void write_key_member(std::string_view key) {
        if (is_utf8(key)) {
            out_.write(R"("key":")");
            escaped_.write(key);
        } else {
            out_.write(R"("key_base64":")");
            Base64Encoder encoder{out_};
            encoder.write(key);
            encoder.finish();
        }
        out_.write("\"");
    }

    ByteSink& out_;
    EscapingSink escaped_;
};

class JsonReader final : public PairReader {
public:
    JsonReader(Input& input, Warn warn) : lines_{input, '\n'}, warn_{std::move(warn)} {}

    bool next(std::string& key, ValueBuilder& value) override {
        key.clear();
        value.clear();
        if (!lines_.next()) {
            return false;
        }
        try {
            read_line();
            parse_json_pair(line_, key, value);
            check_key(key);
            check_value_size(value.value().size());
        } catch (const Error& error) {
            throw at_position(line_of(lines_.input(), lines_.number()), error);
        }
        if (!lines_.closed()) {
            warn_(no_newline_at(lines_.input(), lines_.number()));
        }
        return true;
    }

    // The next line is one of its own.
    [[nodiscard]] bool goes_on() const noexcept override { return true; }

private:
    void read_line() {
        line_.clear();
        for (std::string_view bytes = lines_.peek(); !bytes.empty(); bytes = lines_.peek()) {
            line_ += bytes;
            lines_.consume(bytes.size());
        }
    }

    Segments lines_;
    Warn warn_;
    std::string line_;
};

}  // namespace

std::unique_ptr<PairWriter> make_json_writer(ByteSink& out) {
    return std::make_unique<JsonWriter>(out);
}

std::unique_ptr<PairReader> make_json_reader(Input& input, Warn warn) {
    return std::make_unique<JsonReader>(input, std::move(warn));
}

}  // namespace bitask::cli
