// Writes records for benchmarks: keys of 16 hexadecimal digits, values of 100 bytes, each key
// once, in random order, the same ones each time. Ten keys at a time share their first 15 digits.
//
// usage: bitask_bench_records tsv|cdb|gdbm|keys COUNT
#include "records.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace {

using bitask::bench::Records;

std::string in_format(std::string_view format, const Records& records) {
    const std::string& key = records.key();
    const std::string& value = records.value();
    if (format == "keys") {
        return key + "\n";
    }
    if (format == "cdb") {
        return "+" + std::to_string(key.size()) + "," + std::to_string(value.size()) + ":" + key +
               "->" + value + "\n";
    }
    if (format == "gdbm") {
        return "store " + key + " " + value + "\n";
    }
    return key + "\t" + value + "\n";
}

}  // namespace

int main(int argc, char** argv) {
    const std::span arguments{argv, static_cast<std::size_t>(argc)};
    std::uint64_t count = 0;
    if (arguments.size() == 3) {
        const std::string_view number{arguments[2]};
        std::from_chars(number.data(), number.data() + number.size(), count);
    }
    if (count == 0) {
        std::fputs("usage: bitask_bench_records tsv|cdb|gdbm|keys COUNT\n", stderr);
        return EXIT_FAILURE;
    }
    const std::string_view format{arguments[1]};
    Records records{count};
    for (std::uint64_t place = 0; place < count; ++place) {
        records.take(place);
        const std::string text = in_format(format, records);
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
            return EXIT_FAILURE;
        }
    }
    if (format == "cdb") {
        std::fputs("\n", stdout);
    }
    return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
