#pragma once

#include "bitask/key_batch.hpp"
#include "bitask/reader.hpp"
#include "keydir/entry.hpp"
#include "store/value_batch.hpp"
#include "store/value_view.hpp"
#include "store/view.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::store {

// Finds all keys of a batch at once, and reads their values in the order of the logs, as many at a
// time as memory allows.
class BatchAnswers final : public Answers {
public:
    // The view and the keys must outlive the answers.
    BatchAnswers(View& view, const KeyBatch& keys);

    bool next() override;
    [[nodiscard]] std::string_view key() const override { return keys_[at_]; }
    [[nodiscard]] const Value* value() const override;
    [[nodiscard]] const std::string& doubt() const override { return alone_.doubt; }

private:
    static constexpr std::size_t kMaxBytes = 26 * 1024 * 1024;

    void find();
    void read_values();

    View& view_;
    const KeyBatch& keys_;
    std::vector<std::optional<keydir::Entry>> found_;
    std::uint64_t version_ = 0;  // of the view in which they were found

    ValueBatch values_{kMaxBytes};  // of some keys in a row that were found
    std::size_t values_end_ = 0;    // the first key behind these

    std::size_t at_ = SIZE_MAX;  // before the first key
    bool together_ = false;      // the value at hand is that of in_batch_, else of alone_
    ValueView in_batch_;
    Answer alone_;
};

}  // namespace bitask::store
