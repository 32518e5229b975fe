#pragma once

#include "io/worker.hpp"
#include "store/log_files.hpp"
#include "store/recovery.hpp"
#include "store/value_batch.hpp"

#include <memory>
#include <utility>

namespace bitask::store {

// A batch that a helper reads while whoever wants it does something else, and lends a hand when
// that is done. Until then the batch must be left alone. Its logs are those of the state.
class BatchReading {
public:
    // Without a helper, all is done in the end.
    BatchReading(ValueBatch& batch, LogFiles& files, std::shared_ptr<const Recovery> state,
                 io::Worker* helper)
        : batch_{prepared(batch)},
          files_{files},
          state_{std::move(state)},
          helpers_{helper, [this] { read(); }} {}

    // Throws what one of both has met.
    void finish() {
        read();
        helpers_.finish();
    }

private:
    static ValueBatch& prepared(ValueBatch& batch) {
        batch.prepare();
        return batch;
    }

    void read() { batch_.read(files_, state_->listed); }

    ValueBatch& batch_;
    LogFiles& files_;
    std::shared_ptr<const Recovery> state_;
    io::Beside helpers_;  // last: it uses the others
};

}  // namespace bitask::store
