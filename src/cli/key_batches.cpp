#include "cli/key_batches.hpp"

#include "bitask/error.hpp"

#include <string>

namespace bitask::cli {
namespace {

class Batches {
public:
    explicit Batches(const std::function<void(const KeyBatch&)>& take) : take_{take} {}

    void add(const std::string& key) {
        if (!batch_.add(key)) {
            hand_on();
            batch_.add(key);
        }
    }

    void hand_on() {
        if (!batch_.empty()) {
            take_(batch_);
            batch_.clear();
        }
    }

private:
    const std::function<void(const KeyBatch&)>& take_;
    KeyBatch batch_;
};

}  // namespace

void for_each_batch(Input& input, KeyEnding ending,
                    const std::function<void(const KeyBatch&)>& take) {
    keep_freed_memory();
    KeyLines lines{input, ending};
    Batches batches{take};
    std::string key;
    try {
        while (lines.next(key)) {
            batches.add(key);
            if (input.would_wait()) {
                batches.hand_on();
            }
        }
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::usage) {
            batches.hand_on();
        }
        throw;
    }
    batches.hand_on();
}

}  // namespace bitask::cli
