#include "bitask/verify.hpp"

#include "io/environment.hpp"
#include "log/log_name.hpp"
#include "store/listing.hpp"
#include "store/recovery.hpp"

namespace bitask {

VerifyReport verify(const std::string& store, Progress* progress) {
    return verify(io::posix_environment(), store, progress);
}

VerifyReport verify(io::Environment& environment, const std::string& store, Progress* progress) {
    const auto folder = environment.open_folder(store);
    if (!folder) {
        store::throw_no_store(store);
    }
    const auto state =
        store::recover_beside_writers(environment, *folder, store::Hints::ignored,
                                      {.only_key = std::nullopt, .progress = progress});
    VerifyReport report;
    report.logs = state.logs.size();
    report.records = state.records;
    report.bytes = state.total_bytes();
    for (const log::Damage& damage : state.damage) {
        report.damage.push_back(damage.describe());
    }
    if (!state.lost_end.empty()) {
        report.damage.push_back(state.lost_end);
    }
    for (const log::Damage& torn : state.torn_tails) {
        report.unfinished = torn.describe();
    }
    return report;
}

}  // namespace bitask
