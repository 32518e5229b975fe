#include "bitask/reader.hpp"

#include "bitask/error.hpp"
#include "store/batch_answers.hpp"
#include "store/key_range.hpp"
#include "store/log_order_cursor.hpp"
#include "store/ordered_cursors.hpp"
#include "store/view.hpp"

#include <utility>

namespace bitask {

double Statistics::garbage_percent() const {
    const std::uint64_t total = live_bytes + dead_bytes;
    return total == 0 ? 0 : 100.0 * static_cast<double>(dead_bytes) / static_cast<double>(total);
}

namespace {

std::uint64_t count_live(const keydir::Keydir& keydir, const Range& range) {
    if (range == Range{} && keydir.knows_totals()) {
        return keydir.totals().live_keys;
    }
    const store::KeyRange keys{range};
    const std::uint64_t limit = range.limit.value_or(UINT64_MAX);
    const auto cursor = keydir.cursor();
    std::uint64_t count = 0;
    for (bool more = cursor->seek(keys.from());
         more && count < limit && keys.ends_behind(cursor->key()); more = cursor->next()) {
        if (cursor->entry().live()) {
            ++count;
        }
    }
    return count;
}

}  // namespace

Reader::Reader(const std::string& store, ReaderOptions options)
    : Reader{io::posix_environment(), store, std::move(options)} {}

Reader::Reader(io::Environment& environment, const std::string& store, ReaderOptions options)
    : view_{std::make_unique<store::View>(environment, store, std::move(options))} {}

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Answer Reader::get(std::string_view key) const {
    return view_->answer(key);
}

Found Reader::get(std::string_view key, std::string& value) const {
    return view_->answer(key, value);
}

std::unique_ptr<Answers> Reader::get(const KeyBatch& keys) const {
    return std::make_unique<store::BatchAnswers>(*view_, keys);
}

std::unique_ptr<Cursor> Reader::scan(const Range& range, Visit visit) const {
    if (visit == Visit::keys_only) {
        return store::make_key_cursor(*view_, range);
    }
    if (visit == Visit::pairs_unordered && range == Range{} && view_->state().damage.empty()) {
        return std::make_unique<store::LogOrderCursor>(*view_);
    }
    return store::make_pair_cursor(*view_, range);
}

std::uint64_t Reader::count(const Range& range) const {
    const auto undisturbed = view_->with_hints([&]() -> std::optional<std::uint64_t> {
        if (!view_->state().damage.empty()) {
            return std::nullopt;
        }
        return count_live(view_->keydir(), range);
    });
    if (undisturbed) {
        return *undisturbed;
    }
    std::uint64_t count = 0;
    const auto cursor = store::make_key_cursor(*view_, range);
    while (true) {
        try {
            if (!cursor->next()) {
                return count;
            }
            ++count;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::corrupt) {
                throw;
            }
        }
    }
}

Statistics Reader::statistics() const {
    view_->list_logs();
    Statistics statistics;
    const keydir::Totals totals = view_->with_hints([this] { return view_->keydir().totals(); });
    const store::Recovery& state = view_->state();
    statistics.keys = totals.live_keys;
    statistics.live_bytes = totals.live_bytes;
    statistics.dead_bytes = state.total_bytes() - statistics.live_bytes;
    statistics.logs = state.logs.size();
    statistics.hints = state.manifest ? state.manifest->hints.size() : 0;
    if (state.last_compaction != 0) {
        statistics.last_compaction = state.last_compaction;
    }
    return statistics;
}

std::vector<std::string> Reader::damage() const {
    std::vector<std::string> lines;
    for (const log::Damage& damage : view_->state().damage) {
        lines.push_back(damage.describe());
    }
    return lines;
}

}  // namespace bitask
