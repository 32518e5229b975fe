#include "cli/format/factories.hpp"

#include "bitask/error.hpp"
#include "bitask/limits.hpp"
#include "bitask/writer.hpp"
#include "cli/format/escapes.hpp"
#include "cli/format/key_sink.hpp"
#include "cli/format/position.hpp"
#include "cli/format/segments.hpp"

#include <optional>
#include <utility>

// A pair is: key TAB value NEWLINE, both with the escapes of escapes.hpp.
namespace bitask::cli {

namespace {

class TsvWriter final : public PairWriter {
public:
    explicit TsvWriter(ByteSink& out) : out_{out}, escaped_{tsv_escapes(), out} {}

    void write_pair(std::string_view key, const Value& value) override {
        escaped_.write(key);
        out_.write("\t");
        value.copy_to(escaped_);
        out_.write("\n");
    }

    void write_key(std::string_view key) override {
        escaped_.write(key);
        out_.write("\n");
    }

private:
    ByteSink& out_;
    EscapingSink escaped_;
};

class TsvReader final : public PairReader {
public:
    TsvReader(Input& input, Warn warn) : lines_{input, '\n'}, warn_{std::move(warn)} {}

    bool next(std::string& key, ValueBuilder& value) override {
        key.clear();
        value.clear();
        if (!lines_.next()) {
            return false;
        }
        try {
            read_key(key);
            read_value(value);
        } catch (const Error& error) {
            throw at_position(line_of(lines_.input(), lines_.number()), error);
        }
        if (!lines_.closed()) {
            warn_(no_newline_at(lines_.input(), lines_.number()));
        }
        return true;
    }

    // The usual line: short, without an escape, and good.
    std::optional<PairInPlace> next_in_place() override {
        const auto line = lines_.next_whole();
        const std::size_t tab = line ? line->find('\t') : std::string_view::npos;
        if (tab == std::string_view::npos || tab == 0 || tab > kMaxKeySize ||
            tab + 1 == line->size() || line->find('\\') != std::string_view::npos) {
            return std::nullopt;
        }
        lines_.pass_whole(line->size());
        return PairInPlace{.key = line->substr(0, tab), .value = line->substr(tab + 1)};
    }

    // The next line is one of its own.
    [[nodiscard]] bool goes_on() const noexcept override { return true; }

private:
    void read_key(std::string& key) {
        KeySink sink{key};
        Unescaper unescaper{sink};
        for (;;) {
            const std::string_view bytes = lines_.peek();
            if (bytes.empty()) {
                throw Error{ErrorKind::usage, "no TAB between key and value"};
            }
            const std::size_t tab = bytes.find('\t');
            unescaper.write(bytes.substr(0, tab));
            if (tab != std::string_view::npos) {
                lines_.consume(tab + 1);
                break;
            }
            lines_.consume(bytes.size());
        }
        unescaper.finish();
        check_key(key);
    }

    // Further TABs belong to the value.
    void read_value(ValueBuilder& value) {
        Unescaper unescaper{value};
        lines_.drain_to(unescaper);
        unescaper.finish();
        check_value_size(value.value().size());
    }

    Segments lines_;
    Warn warn_;
};

}  // namespace

std::unique_ptr<PairWriter> make_tsv_writer(ByteSink& out) {
    return std::make_unique<TsvWriter>(out);
}

std::unique_ptr<PairReader> make_tsv_reader(Input& input, Warn warn) {
    return std::make_unique<TsvReader>(input, std::move(warn));
}

}  // namespace bitask::cli
