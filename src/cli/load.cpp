#include "bitask/error.hpp"
#include "bitask/streams.hpp"
#include "bitask/writer.hpp"
#include "cli/commands.hpp"
#include "cli/open_input.hpp"
#include "cli/progress_bar.hpp"
#include "cli/quantities.hpp"
#include "cli/stop_signals.hpp"
#include "cli/writing.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitask::cli {
namespace {

const ChangeWords kStored{"pair", "stored"};

// The pairs of all inputs, one after the other. Bad ones are passed over where that was asked for,
// and the input can be read behind them.
class Pairs {
public:
    Pairs(const LoadRequest& request, const Context& context)
        : files_{request.files.empty() ? std::vector<std::string>{"-"} : request.files},
          format_{request.format},
          skips_bad_{request.skip_bad},
          context_{context} {}

    bool next(std::string& key, ValueBuilder& value) {
        while (!reader_ || !next_of_input(key, value)) {
            if (opened_ == files_.size()) {
                return false;
            }
            input_ = open_input(files_[opened_]);
            input_->interrupt_when(interrupted_);
            reader_ = make_pair_reader(format_, *input_, [this](const std::string& line) {
                context_.messages.problem(line);
            });
            ++opened_;
        }
        return true;
    }

    // As PairReader::next_in_place().
    [[nodiscard]] std::optional<PairInPlace> next_in_place() {
        return reader_ ? reader_->next_in_place() : std::nullopt;
    }

    // For inputs that are to be opened, too.
    void interrupt_when(bool (*asked)() noexcept) {
        interrupted_ = asked;
        if (input_) {
            input_->interrupt_when(asked);
        }
    }

    // How many were passed over, for people; empty when none was.
    [[nodiscard]] std::string skipped() const {
        return skipped_ == 0
                   ? ""
                   : "skipped " + counted(skipped_, "bad pair") + ", the first: " + first_skipped_;
    }

private:
    bool next_of_input(std::string& key, ValueBuilder& value) {
        for (;;) {
            try {
                return reader_->next(key, value);
            } catch (const Error& error) {
                if (!skips_bad_ || error.kind() != ErrorKind::usage || !reader_->goes_on()) {
                    throw;
                }
                if (skipped_++ == 0) {
                    first_skipped_ = error.what();
                }
                context_.messages.done(std::string{"skipped: "} + error.what());
            }
        }
    }

    std::vector<std::string> files_;
    Format format_;
    bool skips_bad_;
    const Context& context_;
    std::uint64_t skipped_ = 0;
    std::string first_skipped_;
    std::size_t opened_ = 0;
    bool (*interrupted_)() noexcept = nullptr;
    std::unique_ptr<Input> input_;
    std::unique_ptr<PairReader> reader_;
};

class Load {
public:
    Load(const LoadRequest& request, const Context& context)
        : request_{request},
          context_{context},
          pairs_{request, context},
          value_{context.store},
          bar_{"load", context.messages} {}

    void run() {
        // Before the writer is there: others must not wait for our input to begin, and a file that
        // is not what it should be makes no store.
        const bool any = begin();
        WriterOptions options = writer_options(request_.write, context_);
        options.max_memory = request_.max_memory;
        Writer writer{context_.store, std::move(options)};
        keep_freed_memory();
        const StopSignals signals;  // from now on there is something to keep
        pairs_.interrupt_when(StopSignals::received);
        try {
            put_all(writer, any);
            writer.commit();
        } catch (const Error& error) {
            throw failed_after_changes(error, kStored, writer, stored_);
        }
        if (StopSignals::received()) {
            context_.messages.problem("stopped by a signal; " + counted(stored_, "pair") + " " +
                                      (stored_ == 1 ? "is" : "are") + " stored");
        }
        if (const std::string skipped = pairs_.skipped(); !skipped.empty()) {
            context_.messages.problem(skipped);
        }
        context_.messages.done("stored " + counted(stored_, "pair"));
    }

private:
    bool begin() {
        try {
            return pairs_.next(key_, value_);
        } catch (const Error& error) {
            throw failed_before_changes(error, kStored);
        }
    }

    void put_all(Writer& writer, bool any) {
        try {
            for (bool more = any; more && !StopSignals::received();
                 more = pairs_.next(key_, value_)) {
                put(writer, key_, value_.value());
                put_those_in_place(writer);
            }
        } catch (const Interrupted&) {
            // Between two pairs, or in the midst of one, which is not stored.
        }
    }

    void put_those_in_place(Writer& writer) {
        while (!StopSignals::received()) {
            const auto pair = pairs_.next_in_place();
            if (!pair) {
                return;
            }
            put(writer, pair->key, pair->value);
        }
    }

    // `value` is a string_view or a Value.
    template <typename Bytes>
    void put(Writer& writer, std::string_view key, const Bytes& value) {
        writer.put(key, value);
        ++stored_;
        done_bytes_ += key.size() + value.size();
        bar_.advance(done_bytes_, 0);
    }

    const LoadRequest& request_;
    const Context& context_;
    Pairs pairs_;
    std::string key_;
    ValueBuilder value_;
    ProgressBar bar_;
    std::uint64_t stored_ = 0;
    std::uint64_t done_bytes_ = 0;
};

}  // namespace

void run_load(const LoadRequest& request, const Context& context) {
    Load{request, context}.run();
}

}  // namespace bitask::cli
