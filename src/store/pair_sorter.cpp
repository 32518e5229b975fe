#include "store/pair_sorter.hpp"

#include "bitask/error.hpp"
#include "io/large_pages.hpp"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

namespace bitask::store {
namespace {

// However many runs there are, their buffers take as much memory as sorting did; none is so small
// that reading it would not be worth a call.
constexpr std::size_t kMinBuffer = 256;        // pairs
constexpr std::size_t kMaxBuffer = 16 * 1024;  // pairs

}  // namespace

PairSorter::PairSorter(io::Folder& files, std::size_t max_pairs)
    : files_{files}, max_pairs_{max_pairs} {}

void PairSorter::add(const NumberPair& pair) {
    if (pairs_.size() == max_pairs_) {
        write_run();
    }
    pairs_.push_back(pair);
}

void PairSorter::sort() {
    if (runs_.empty()) {
        sort_by_first(pairs_);
        return;
    }
    write_run();
    io::give_back(pairs_);
    begin_merge();
}

void PairSorter::write_run() {
    if (!file_) {
        file_ = files_.create_unnamed();
    }
    sort_by_first(pairs_);
    file_->write(written_ * sizeof(NumberPair), std::as_bytes(std::span{pairs_}));
    runs_.push_back({.next = written_, .end = written_ + pairs_.size(), .buffer = {}});
    written_ += pairs_.size();
    pairs_.clear();
}

void PairSorter::begin_merge() {
    const std::size_t size = std::clamp(max_pairs_ / runs_.size(), kMinBuffer, kMaxBuffer);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        runs_[i].buffer.resize(size);
        runs_[i].used = size;
        if (fill(runs_[i])) {
            heap_.push_back(i);
        }
    }
    std::ranges::make_heap(heap_, std::greater{},
                           [this](std::size_t run) { return lowest_of(run); });
}

// Makes sure that the run's next pair is in its buffer; false at its end.
bool PairSorter::fill(Run& run) const {
    if (run.used < run.buffer.size()) {
        return true;
    }
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(run.buffer.size(), run.end - run.next));
    run.buffer.resize(count);
    run.used = 0;
    const auto bytes = std::as_writable_bytes(std::span{run.buffer});
    if (file_->read(run.next * sizeof(NumberPair), bytes) != bytes.size()) {
        throw Error{ErrorKind::io, files_.path() + ": a temporary file became shorter"};
    }
    run.next += count;
    return count > 0;
}

std::uint64_t PairSorter::lowest_of(std::size_t run) const {
    return runs_[run].buffer[runs_[run].used].first;
}

// Moves the run on top to where it belongs (Knuth 5.2.3): one way down, where taking it out and
// putting it back would be two.
void PairSorter::sink() {
    std::size_t place = 0;
    for (std::size_t child = 1; child < heap_.size(); child = 2 * place + 1) {
        if (child + 1 < heap_.size() && lowest_of(heap_[child + 1]) < lowest_of(heap_[child])) {
            ++child;
        }
        if (lowest_of(heap_[place]) <= lowest_of(heap_[child])) {
            return;
        }
        std::swap(heap_[place], heap_[child]);
        place = child;
    }
}

std::optional<NumberPair> PairSorter::next() {
    if (runs_.empty()) {
        return taken_ < pairs_.size() ? std::optional{pairs_[taken_++]} : std::nullopt;
    }
    if (heap_.empty()) {
        return std::nullopt;
    }
    Run& run = runs_[heap_.front()];
    const NumberPair lowest = run.buffer[run.used++];
    if (!fill(run)) {
        heap_.front() = heap_.back();
        heap_.pop_back();
    }
    sink();
    return lowest;
}

}  // namespace bitask::store
