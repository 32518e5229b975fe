#include "bitask/error.hpp"
#include "bitask/reader.hpp"
#include "cli/commands.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace bitask::cli {
namespace {

class Scan {
public:
    Scan(const ScanRequest& request, const Context& context)
        : request_{request}, context_{context}, reader_{context.store} {}

    void run() {
        // Before the output, whose reader may go away.
        for (const std::string& line : reader_.damage()) {
            report(line);
        }
        if (request_.count) {
            context_.out.write(std::to_string(reader_.count(request_.range)) + "\n");
        } else {
            print();
        }
    }

private:
    void print() {
        const auto writer = make_pair_writer(request_.format, context_.out);
        const auto cursor = reader_.scan(request_.range, visit());
        while (advance(*cursor)) {
            if (request_.keys_only) {
                writer->write_key(cursor->key());
            } else {
                writer->write_pair(cursor->key(), cursor->value());
            }
        }
        writer->finish();
    }

    [[nodiscard]] Visit visit() const {
        if (request_.keys_only) {
            return Visit::keys_only;
        }
        return request_.ordered ? Visit::pairs : Visit::pairs_unordered;
    }

    // Passes over damaged pairs, so that everything else is still printed.
    bool advance(Cursor& cursor) {
        while (true) {
            try {
                return cursor.next();
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::corrupt) {
                    throw;
                }
                report(error.what());
            }
        }
    }

    void report(const std::string& line) {
        raise(context_.code, ExitCode::corrupt);
        if (std::ranges::find(reported_, line) == reported_.end()) {
            context_.messages.problem(line);
            reported_.push_back(line);
        }
    }

    const ScanRequest& request_;
    const Context& context_;
    Reader reader_;
    std::vector<std::string> reported_;
};

}  // namespace

void run_scan(const ScanRequest& request, const Context& context) {
    Scan{request, context}.run();
}

}  // namespace bitask::cli
