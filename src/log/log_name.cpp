#include "log/log_name.hpp"

#include <charconv>
#include <system_error>

namespace bitask::log {
namespace {

// The number at the front of `text`, which is cut off it. One spelling per number: no sign, no
// leading zero, so that a name read and written again is the same name.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || (digits > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return number;
}

// The generation between dots, as in ".3" of "17.3.log"; it is never 0 in a name.
std::optional<std::uint64_t> take_generation(std::string_view& text) {
    if (!text.starts_with('.')) {
        return std::nullopt;
    }
    std::string_view rest = text.substr(1);
    const auto generation = take_number(rest);
    if (!generation || *generation == 0) {
        return std::nullopt;
    }
    text = rest;
    return generation;
}

}  // namespace

std::string file_name(const LogName& name) {
    std::string file = std::to_string(name.number);
    if (name.generation != 0) {
        file += '.' + std::to_string(name.generation);
    }
    switch (name.kind) {
        case LogKind::sealed: return file + ".log";
        case LogKind::tombstones: return file + ".tombstones.log";
        case LogKind::active: return file + ".active.log";
    }
    return file;
}

std::optional<LogName> parse_log_name(std::string_view file) {
    const auto number = take_number(file);
    if (!number) {
        return std::nullopt;
    }
    if (file == ".log") {
        return LogName{*number, 0, LogKind::sealed};
    }
    if (file == ".active.log") {
        return LogName{*number, 0, LogKind::active};
    }
    const auto generation = take_generation(file);
    if (!generation) {
        return std::nullopt;
    }
    if (file == ".log") {
        return LogName{*number, *generation, LogKind::sealed};
    }
    if (file == ".tombstones.log") {
        return LogName{*number, *generation, LogKind::tombstones};
    }
    return std::nullopt;
}

std::string temporary_name(const LogName& name) {
    return std::to_string(name.number) + '.' + std::to_string(name.generation) + ".tmp";
}

bool is_temporary_name(std::string_view file) {
    return take_number(file) && take_generation(file) && file == ".tmp";
}

}  // namespace bitask::log
