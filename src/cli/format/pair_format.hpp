#pragma once

#include "bitask/bytes.hpp"
#include "bitask/value.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bitask {
class Input;
}

namespace bitask::cli {

// The shapes in which pairs are printed and read. Their names are what `--format` takes.
enum class Format { tsv, json, null, cdb, dump, dump_print, resp };

// Nothing when no format has this name.
[[nodiscard]] std::optional<Format> format_from_name(std::string_view name);

[[nodiscard]] std::string_view format_name(Format format);

// Every name that format_from_name() knows, for messages: "tsv, json, null, ...".
[[nodiscard]] std::string format_names();

// Whether the format can print keys without values.
[[nodiscard]] bool has_keys_alone(Format format) noexcept;

// Whether there is a reader: some formats are for other programs alone.
[[nodiscard]] bool can_be_read(Format format) noexcept;

// Prints pairs. What it prints, the PairReader of the same format reads back to the byte.
class PairWriter {
public:
    virtual ~PairWriter() = default;

    // Throws Error (usage) for a pair that the format cannot express; nothing of it has been
    // written then.
    virtual void write_pair(std::string_view key, const Value& value) = 0;

    // For formats that has_keys_alone() tells of; others throw Error (usage).
    virtual void write_key(std::string_view key) = 0;

    // What stands behind the last pair; to be called once, also when there was none.
    virtual void finish() {}
};

[[nodiscard]] std::unique_ptr<PairWriter> make_pair_writer(Format format, ByteSink& out);

// A pair as it stands in a buffer of the input.
struct PairInPlace {
    std::string_view key;
    std::string_view value;
};

// Reads pairs. Memory stays bounded however long the input and its values are, except that the
// json form holds one line at a time.
class PairReader {
public:
    virtual ~PairReader() = default;

    // Reads the next pair into `key` and `value`, both cleared first; false at the end of the
    // input. Throws Error (usage), its message beginning with the input's name and the line
    // ("data.tsv:3: ...") or pair, for a malformed pair.
    virtual bool next(std::string& key, ValueBuilder& value) = 0;

    // The next pair where it lies, good until the next call. Nothing where it takes next() to read
    // it, or to tell what is wrong with it, or that there is none.
    [[nodiscard]] virtual std::optional<PairInPlace> next_in_place() { return std::nullopt; }

    // After next() has thrown: whether the pairs behind the malformed one can be read. Where that
    // is not known, nothing is to be read any more.
    [[nodiscard]] virtual bool goes_on() const noexcept = 0;
};

// `warn` gets a line when the last line of the input lacks its newline, yet was taken.
[[nodiscard]] std::unique_ptr<PairReader> make_pair_reader(
    Format format, Input& input, std::function<void(const std::string&)> warn);

}  // namespace bitask::cli
