#include "bitask/verify.hpp"

#include "cli/commands.hpp"
#include "cli/progress_bar.hpp"
#include "cli/quantities.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bitask::cli {
namespace {

std::string json_of(const VerifyReport& report) {
    nlohmann::ordered_json object;
    object["logs"] = report.logs;
    object["records"] = report.records;
    object["bytes"] = report.bytes;
    object["damage"] = report.damage;
    object["unfinished"] = nullptr;
    if (!report.unfinished.empty()) {
        object["unfinished"] = report.unfinished;
    }
    return object.dump() + "\n";
}

VerifyReport verify_with_bar(const Context& context) {
    ProgressBar bar{"verify", context.messages};
    return verify(context.store, &bar);
}

}  // namespace

void run_verify(const VerifyRequest& request, const Context& context) {
    const VerifyReport report = verify_with_bar(context);
    if (!report.damage.empty()) {
        raise(context.code, ExitCode::corrupt);
    }
    if (request.json) {
        context.out.write(json_of(report));
    } else {
        for (const std::string& line : report.damage) {
            context.out.write(line + "\n");
        }
    }
    if (!report.unfinished.empty()) {
        context.messages.done(report.unfinished);
    }
    context.messages.done(fmt::format("{} in {}, {}, {}", counted(report.records, "record"),
                                      counted(report.logs, "log"), counted(report.bytes, "byte"),
                                      counted(report.damage.size(), "damaged place")));
    if (!report.damage.empty()) {
        context.messages.problem(counted(report.damage.size(), "damaged place"));
    }
}

}  // namespace bitask::cli
