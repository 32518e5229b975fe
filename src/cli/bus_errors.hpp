#pragma once

#include "cli/messages.hpp"

namespace bitask::cli {

// While it exists, a failure to read what is mapped ends the process as any other failure does:
// with one line, and the exit status for it. Output that waits to be written is lost then; nothing
// is written to a store by whoever maps its files.
class BusErrors {
public:
    explicit BusErrors(const Messages& messages);
    ~BusErrors();
    BusErrors(const BusErrors&) = delete;
    BusErrors& operator=(const BusErrors&) = delete;

private:
    using Handler = void (*)(int);

    Handler before_;
};

}  // namespace bitask::cli
