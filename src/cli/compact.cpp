#include "bitask/compaction.hpp"
#include "cli/commands.hpp"
#include "cli/progress_bar.hpp"
#include "cli/quantities.hpp"
#include "cli/stop_signals.hpp"
#include "cli/writing.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <utility>

namespace bitask::cli {
namespace {

struct Outcome {
    CompactionReport report;
    double seconds = 0;
};

Outcome compact(const CompactRequest& request, const Context& context) {
    const auto begin = std::chrono::steady_clock::now();
    const auto outcome = [begin](CompactionReport report) {
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        return Outcome{std::move(report), time.count()};
    };
    if (request.dry_run) {
        return outcome(preview_compaction(context.store, request.options));
    }
    ProgressBar bar{"compact", context.messages};
    CompactionOptions options = request.options;
    options.progress = &bar;
    options.should_stop = StopSignals::received;
    return outcome(compact_store(context.store, writer_options(request.write, context), options));
}

std::string json_of(const Outcome& outcome, bool dry_run) {
    const CompactionReport& report = outcome.report;
    nlohmann::ordered_json object;
    object["bytes_before"] = report.bytes_before;
    object["bytes_after"] = report.bytes_after;
    object["logs_read"] = report.rewritten.size();
    object["logs_written"] = report.logs_written;
    object["logs_removed"] = dry_run ? 0 : report.rewritten.size();
    object["logs_kept"] = report.logs_kept;
    object["seconds"] = outcome.seconds;
    object["stopped"] = report.stopped;
    object["dry_run"] = dry_run;
    return object.dump() + "\n";
}

}  // namespace

void run_compact(const CompactRequest& request, const Context& context) {
    const bool dry_run = request.dry_run;
    const StopSignals signals;
    const Outcome outcome = compact(request, context);
    const CompactionReport& report = outcome.report;
    if (!report.damage.empty()) {
        raise(context.code, ExitCode::corrupt);
    }
    if (request.json) {
        context.out.write(json_of(outcome, dry_run));
    } else if (dry_run) {
        for (const std::string& log : report.rewritten) {
            context.out.write(log + "\n");
        }
    }
    context.messages.done(
        fmt::format("{} {}, wrote {}, kept {}; {} bytes before, {} after; {:.2f} seconds{}",
                    dry_run ? "would rewrite" : "rewrote", counted(report.rewritten.size(), "log"),
                    report.logs_written, report.logs_kept, report.bytes_before, report.bytes_after,
                    outcome.seconds, report.stopped ? "; stopped by a signal" : ""));
    for (const std::string& line : report.damage) {
        context.messages.problem(line + "; its log is kept as it is");
    }
}

}  // namespace bitask::cli
