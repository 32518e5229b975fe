#include "keydir/number_pair.hpp"

#include "keydir/radix_sort.hpp"

namespace bitask::keydir {

void sort_by_first(NumberPairs& pairs) {
    NumberPairs scratch;
    radix_sort(pairs, scratch, [](const NumberPair& pair) { return pair.first; });
}

}  // namespace bitask::keydir
