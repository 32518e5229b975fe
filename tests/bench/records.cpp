// Writes records for benchmarks: keys of 16 hexadecimal digits, values of 100 bytes, each key
// once, in random order, the same ones each time. Ten keys at a time share their first 15 digits.
//
// usage: bitask_bench_records tsv|cdb|gdbm|gdbm-dump|lmdb|rocksdb|keys|shuffled COUNT
//
// The forms are those that bitask, cdb, gdbmtool, gdbm_load, mdb_load and ldb read; "shuffled" are
// the keys in another order.
#include "records.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
    if (format == "gdbm-dump") {  // each with its size, big-endian, in a long that is not
        std::string text;
        for (const std::string* const part : {&key, &value}) {
            text += {'\0', '\0', '\0', static_cast<char>(part->size()), '\0', '\0', '\0', '\0'};
            text += *part;
        }
        return text;
    }
    if (format == "lmdb") {
        return " " + key + "\n " + value + "\n";
    }
    if (format == "rocksdb") {
        return key + " ==> " + value + "\n";
    }
    return key + "\t" + value + "\n";
}

std::string head_of(std::string_view format, std::uint64_t count) {
    if (format == "gdbm-dump") {
        return "!\r\n! GDBM FLAT FILE DUMP -- THIS IS NOT A TEXT FILE\r\n! bitask_bench_records\r\n"
               "!\r\n";
    }
    if (format == "lmdb") {
        const std::uint64_t bytes = (count + 1024) * 1024;  // of the whole database, at most
        return "VERSION=3\nformat=print\ntype=btree\nmapsize=" + std::to_string(bytes) +
               "\nHEADER=END\n";
    }
    return "";
}

std::string_view tail_of(std::string_view format) {
    if (format == "cdb") {
        return "\n";
    }
    return format == "lmdb" ? "DATA=END\n" : "";
}

// In the order of records, or, for "shuffled", in one that has nothing to do with it.
std::vector<std::uint64_t> places(std::string_view format, std::uint64_t count) {
    std::vector<std::uint64_t> places(count);
    std::iota(places.begin(), places.end(), std::uint64_t{0});
    if (format == "shuffled") {
        std::ranges::shuffle(places, std::minstd_rand{1});
    }
    return places;
}

bool print(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
}

bool print_records(std::string_view format, std::uint64_t count) {
    Records records{count};
    bool printed = print(head_of(format, count));
    for (const std::uint64_t place : places(format, count)) {
        records.take(place);
        printed = printed && print(in_format(format == "shuffled" ? "keys" : format, records));
    }
    return printed && print(tail_of(format)) && std::fflush(stdout) == 0;
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
        std::fputs(
            "usage: bitask_bench_records "
            "tsv|cdb|gdbm|gdbm-dump|lmdb|rocksdb|keys|shuffled COUNT\n",
            stderr);
        return EXIT_FAILURE;
    }
    return print_records(arguments[1], count) ? EXIT_SUCCESS : EXIT_FAILURE;
}
