#include "keydir/totals.hpp"

namespace bitask::keydir {

void Totals::add(const Entry& entry) {
    Log& log = logs[as_sealed(entry.location.log)];
    if (entry.live()) {
        ++live_keys;
        live_bytes += entry.header.record_size();
        log.live_bytes += entry.header.record_size();
    } else {
        log.tombstone_bytes += entry.header.record_size();
    }
}

void Totals::subtract(const Entry& entry) {
    Log& log = logs[as_sealed(entry.location.log)];
    if (entry.live()) {
        --live_keys;
        live_bytes -= entry.header.record_size();
        log.live_bytes -= entry.header.record_size();
    } else {
        log.tombstone_bytes -= entry.header.record_size();
    }
}

}  // namespace bitask::keydir
