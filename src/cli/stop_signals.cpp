#include "cli/stop_signals.hpp"

#include <csignal>

namespace bitask::cli {
namespace {

// A handler has nothing else that it may write to.
volatile std::sig_atomic_t received_signal = 0;  // NOLINT(*-avoid-non-const-global-variables)

void note_signal(int signal) {
    received_signal = signal;
    static_cast<void>(std::signal(signal, SIG_DFL));  // who asks twice is in a hurry
}

}  // namespace

StopSignals::StopSignals()
    : interrupt_{std::signal(SIGINT, note_signal)}, terminate_{std::signal(SIGTERM, note_signal)} {
    // Who is told to pass over a signal, as `nohup` and `&` tell, goes on doing so.
    if (interrupt_ == SIG_IGN) {
        static_cast<void>(std::signal(SIGINT, SIG_IGN));
    }
    if (terminate_ == SIG_IGN) {
        static_cast<void>(std::signal(SIGTERM, SIG_IGN));
    }
}

StopSignals::~StopSignals() {
    static_cast<void>(std::signal(SIGINT, interrupt_));
    static_cast<void>(std::signal(SIGTERM, terminate_));
}

bool StopSignals::received() noexcept {
    return received_signal != 0;
}

void StopSignals::die_by_it() {
    if (received_signal != 0) {
        static_cast<void>(std::signal(received_signal, SIG_DFL));
        static_cast<void>(std::raise(received_signal));
    }
}

}  // namespace bitask::cli
