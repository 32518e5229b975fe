#include "bitask/reader.hpp"
#include "cli/commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ctime>

namespace bitask::cli {
namespace {

std::string utc(std::uint64_t milliseconds) {
    const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
    std::tm time{};
    if (::gmtime_r(&seconds, &time) == nullptr) {
        return fmt::format("{} ms after the epoch", milliseconds);
    }
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", time.tm_year + 1900, time.tm_mon + 1,
                       time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
}

std::string text_of(const Statistics& statistics) {
    return fmt::format(
        "keys: {}\nlive bytes: {}\ndead bytes: {}\ngarbage: {:.1f}%\nlogs: {}\nhints: {}\n"
        "last compaction: {}\n",
        statistics.keys, statistics.live_bytes, statistics.dead_bytes, statistics.garbage_percent(),
        statistics.logs, statistics.hints,
        statistics.last_compaction ? utc(*statistics.last_compaction) : "never");
}

std::string json_of(const Statistics& statistics) {
    nlohmann::ordered_json object;
    object["keys"] = statistics.keys;
    object["live_bytes"] = statistics.live_bytes;
    object["dead_bytes"] = statistics.dead_bytes;
    object["garbage_percent"] = statistics.garbage_percent();
    object["logs"] = statistics.logs;
    object["hints"] = statistics.hints;
    object["last_compaction"] = nullptr;
    if (statistics.last_compaction) {
        object["last_compaction"] = *statistics.last_compaction;
    }
    return object.dump() + "\n";
}

}  // namespace

void run_stat(const StatRequest& request, const Context& context) {
    const Reader reader{context.store};
    const Statistics statistics = reader.statistics();
    context.out.write(request.json ? json_of(statistics) : text_of(statistics));
    for (const std::string& line : reader.damage()) {
        raise(context.code, ExitCode::corrupt);
        context.messages.problem(line);
    }
}

}  // namespace bitask::cli
