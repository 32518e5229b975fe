#pragma once

namespace bitask::cli {

// While it exists, the first SIGINT or SIGTERM does not end the process but asks it to come to an
// end: for long work that has something to finish first.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();  // what they did before, they do again
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    [[nodiscard]] static bool received() noexcept;

    // Dies by the signal that was received; returns when there was none.
    static void die_by_it();

private:
    using Handler = void (*)(int);

    Handler interrupt_;
    Handler terminate_;
};

}  // namespace bitask::cli
