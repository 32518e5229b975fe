#pragma once

#include "io/environment.hpp"
#include "keydir/number_pair.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bitask::store {

using keydir::NumberPair;
using keydir::NumberPairs;
using keydir::sort_by_first;

// Sorts any number of pairs, no two of them with the same first number, in bounded memory: as many
// as fit are sorted and go, as a run, into a file without a name; then all runs are merged (Knuth,
// The Art of Computer Programming 5.4).
class PairSorter {
public:
    // In memory: 16 MiB, and as much again while they are sorted.
    static constexpr std::size_t kMaxPairs = std::size_t{1} * 1024 * 1024;

    // `files` must outlive the sorter; it is asked for one file, when there is a first run.
    explicit PairSorter(io::Folder& files, std::size_t max_pairs = kMaxPairs);

    void add(const NumberPair& pair);

    // After the last add(), once.
    void sort();

    // After sort(): the pairs in order, then nothing.
    [[nodiscard]] std::optional<NumberPair> next();

private:
    struct Run {
        std::uint64_t next = 0;  // pair to be read next, in the file
        std::uint64_t end = 0;   // behind the last pair, in the file
        NumberPairs buffer;
        std::size_t used = 0;  // of the buffer
    };

    void write_run();
    [[nodiscard]] bool fill(Run& run) const;
    void begin_merge();
    [[nodiscard]] std::uint64_t lowest_of(std::size_t run) const;
    void sink();

    io::Folder& files_;
    std::size_t max_pairs_;
    NumberPairs pairs_;      // not in any run yet
    std::size_t taken_ = 0;  // of them, when there are no runs
    std::unique_ptr<io::File> file_;
    std::uint64_t written_ = 0;  // pairs
    std::vector<Run> runs_;
    std::vector<std::size_t> heap_;  // of runs that have a pair left, the lowest on top
};

}  // namespace bitask::store
