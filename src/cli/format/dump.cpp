#include "cli/format/factories.hpp"

#include "bitask/error.hpp"
#include "bitask/writer.hpp"
#include "cli/format/dump_bytes.hpp"
#include "cli/format/key_sink.hpp"
#include "cli/format/position.hpp"
#include "cli/format/segments.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// The portable dump of Berkeley DB and LMDB: a header of lines NAME=VALUE that HEADER=END closes, a
// line for each key and each value, a blank before it, and DATA=END. `format` in the header tells
// how bytes stand there. (db_dump(1), mdb_dump(1))
namespace bitask::cli {

namespace {

class DumpWriter final : public PairWriter {
public:
    DumpWriter(ByteSink& out, DumpForm form)
        : out_{out}, form_{form}, escaped_{dump_escapes(form), out} {}

    void write_pair(std::string_view key, const Value& value) override {
        begin();
        out_.write(" ");
        escaped_.write(key);
        out_.write("\n ");
        value.copy_to(escaped_);
        out_.write("\n");
    }

    void write_key(std::string_view /*key*/) override {
        throw_no_keys_alone(form_ == DumpForm::print ? Format::dump_print : Format::dump);
    }

    void finish() override {
        begin();
        out_.write("DATA=END\n");
    }

private:
    void begin() {
        if (!std::exchange(begun_, true)) {
            out_.write("VERSION=3\nformat=");
            out_.write(form_ == DumpForm::print ? "print" : "bytevalue");
            out_.write("\ntype=btree\nHEADER=END\n");
        }
    }

    ByteSink& out_;
    DumpForm form_;
    EscapingSink escaped_;
    bool begun_ = false;
};

class DumpReader final : public PairReader {
public:
    DumpReader(Input& input, Warn warn) : lines_{input, '\n'}, warn_{std::move(warn)} {}

    bool next(std::string& key, ValueBuilder& value) override {
        key.clear();
        value.clear();
        goes_on_ = false;
        try {
            return read_pair(key, value);
        } catch (const Error& error) {
            throw at_position(line_of(lines_.input(), line_), error);
        }
    }

    [[nodiscard]] bool goes_on() const noexcept override { return goes_on_; }

private:
    bool read_pair(std::string& key, ValueBuilder& value) {
        while (!inside_) {
            if (!lines_.next()) {
                if (databases_ == 0) {
                    throw_unfinished("HEADER=END");
                }
                return false;
            }
            line_ = lines_.number();
            read_header();
        }
        next_line("DATA=END");
        if (!begin_item()) {
            inside_ = false;
            return read_pair(key, value);
        }
        try {
            KeySink sink{key};
            read_item(sink);
            check_key(key);
        } catch (const Error&) {
            const std::uint64_t key_line = line_;
            begin_value();  // passed over with its key
            line_ = key_line;
            goes_on_ = true;
            throw;
        }
        begin_value();
        goes_on_ = true;
        read_item(value);
        check_value_size(value.value().size());
        return true;
    }

    // The line at hand is the first of a header, or should be.
    void read_header() {
        form_ = DumpForm::bytevalue;
        for (std::string line = short_line(); line != "HEADER=END"; line = short_line()) {
            take_header(line);
            next_line("HEADER=END");
        }
        if (++databases_ > 1) {
            warn_(line_of(lines_.input(), line_) +
                  ": another database begins; its pairs go to the same store");
        }
        inside_ = true;
    }

    void take_header(const std::string& line) {
        const std::size_t equals = line.find('=');
        if (equals == std::string::npos) {
            throw Error{ErrorKind::usage, "no header of a dump"};
        }
        const std::string_view name = std::string_view{line}.substr(0, equals);
        const std::string_view value = std::string_view{line}.substr(equals + 1);
        if (name == "VERSION" && value != "3" && value != "2") {
            throw Error{ErrorKind::usage, "a dump of an unknown version"};
        }
        if (name == "format") {
            if (value != "bytevalue" && value != "print") {
                throw Error{ErrorKind::usage, "a dump of an unknown format"};
            }
            form_ = value == "print" ? DumpForm::print : DumpForm::bytevalue;
        }
        if ((name == "keys" && value == "0") ||
            (name == "type" && (value == "recno" || value == "queue"))) {
            throw Error{ErrorKind::usage, "a dump without keys"};
        }
        if ((name == "duplicates" || name == "dupsort") && value == "1") {
            warn_(line_of(lines_.input(), line_) +
                  ": a key may have several values there; the last one counts");
        }
    }

    // A line of a header.
    std::string short_line() {
        constexpr std::size_t kLongest = 4096;
        std::string line;
        for (std::string_view bytes = lines_.peek(); !bytes.empty(); bytes = lines_.peek()) {
            if (bytes.size() > kLongest - line.size()) {
                throw Error{ErrorKind::usage, "no header of a dump"};
            }
            line += bytes;
            lines_.consume(bytes.size());
        }
        return line;
    }

    // False at the end of the data.
    bool begin_item() {
        const std::string_view bytes = lines_.peek();
        if (!bytes.empty() && bytes.front() == ' ') {
            lines_.consume(1);
            return true;
        }
        constexpr std::string_view kEnd = "DATA=END";
        const std::string line = short_line();
        if (line == kEnd) {
            return false;
        }
        if (!lines_.closed() && kEnd.starts_with(line)) {
            throw_unfinished(kEnd);
        }
        throw Error{ErrorKind::usage, "a line of data does not begin with a blank"};
    }

    void begin_value() {
        next_line("DATA=END");
        if (!begin_item()) {
            inside_ = false;
            throw Error{ErrorKind::usage, "a key without a value"};
        }
    }

    void read_item(ByteSink& sink) {
        DumpDecoder decoder{form_, sink};
        lines_.drain_to(decoder);
        decoder.finish();
        if (!lines_.closed()) {
            goes_on_ = false;
            throw_unfinished("DATA=END");
        }
    }

    void next_line(std::string_view expected_end) {
        if (!lines_.next()) {
            throw_unfinished(expected_end);
        }
        line_ = lines_.number();
    }

    [[noreturn]] static void throw_unfinished(std::string_view expected_end) {
        throw Error{ErrorKind::usage, std::string{"the input ends before "}.append(expected_end)};
    }

    Segments lines_;
    Warn warn_;
    DumpForm form_ = DumpForm::bytevalue;
    std::uint64_t line_ = 1;  // to be told of
    int databases_ = 0;
    bool inside_ = false;  // the data of one
    bool goes_on_ = false;
};

}  // namespace

std::unique_ptr<PairWriter> make_dump_writer(ByteSink& out, DumpForm form) {
    return std::make_unique<DumpWriter>(out, form);
}

std::unique_ptr<PairReader> make_dump_reader(Input& input, Warn warn) {
    return std::make_unique<DumpReader>(input, std::move(warn));
}

}  // namespace bitask::cli
