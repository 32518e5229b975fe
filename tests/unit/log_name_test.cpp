#include "log/log_name.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace bitask::log {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("every kind of log has one spelling, and it reads back") {
    const std::vector<std::pair<LogName, std::string>> spellings{
        {{0, 0, LogKind::sealed}, "0.log"},
        {{1700000000000, 0, LogKind::sealed}, "1700000000000.log"},
        {{1700000000000, 0, LogKind::active}, "1700000000000.active.log"},
        {{17, 3, LogKind::sealed}, "17.3.log"},
        {{17, 10, LogKind::sealed}, "17.10.log"},
        {{17, 3, LogKind::tombstones}, "17.3.tombstones.log"},
        {{kMost, 0, LogKind::active}, "18446744073709551615.active.log"},
        {{kMost, kMost, LogKind::sealed}, "18446744073709551615.18446744073709551615.log"},
    };
    for (const auto& [name, spelling] : spellings) {
        CAPTURE(spelling);
        CHECK(file_name(name) == spelling);
        CHECK(parse_log_name(spelling) == name);
    }
}

TEST_CASE("a name that is not spelled as a log's is no log") {
    for (const char* const name : {"",
                                   ".log",
                                   "log",
                                   "17",
                                   "17.",
                                   "17log",
                                   "17.lo",
                                   "17.logs",
                                   "17.log ",
                                   " 17.log",
                                   "17.LOG",
                                   "+17.log",
                                   "-17.log",
                                   "-0.log",
                                   "017.log",
                                   "00.log",
                                   "0x17.log",
                                   "1 7.log",
                                   "17..log",
                                   "17.active",
                                   "17.active.log.bak",
                                   "17.actives.log",
                                   "active.log",
                                   "a.log",
                                   "17.0.log",
                                   "17.01.log",
                                   "17.-1.log",
                                   "17.+1.log",
                                   "17.a.log",
                                   "17.1",
                                   "17.1.",
                                   "17.1.active.log",
                                   "17.1.2.log",
                                   "17.tombstones.log",
                                   "17.0.tombstones.log",
                                   "17.1.tombstones",
                                   "17.1.tmp",
                                   "db.lock",
                                   "18446744073709551616.log",
                                   "99999999999999999999.active.log",
                                   "17.18446744073709551616.log",
                                   "1e3.log",
                                   "17.log/",
                                   "17\n.log"}) {
        CAPTURE(name);
        CHECK_FALSE(parse_log_name(name));
    }
    CHECK_FALSE(parse_log_name(std::string{"17.log\0", 7}));
}

TEST_CASE("temporary names are told from all others") {
    CHECK(temporary_name({17, 3, LogKind::sealed}) == "17.3.tmp");
    CHECK(is_temporary_name("17.3.tmp"));
    CHECK(is_temporary_name("18446744073709551615.1.tmp"));
    for (const char* const name : {"", ".tmp", "17.tmp", "17.0.tmp", "017.1.tmp", "17.01.tmp",
                                   "17.1.tmp2", "17.1.log", "17.1", "x.1.tmp", "17.1.2.tmp"}) {
        CAPTURE(name);
        CHECK_FALSE(is_temporary_name(name));
    }
}

TEST_CASE("logs are ordered by number, then by generation, not by spelling") {
    const std::vector<LogName> ordered{
        {9, 0, LogKind::sealed},      {9, 2, LogKind::sealed},  {9, 10, LogKind::sealed},
        {9, 11, LogKind::tombstones}, {10, 0, LogKind::sealed}, {10, 0, LogKind::active},
        {100, 0, LogKind::active},
    };
    CHECK(std::ranges::is_sorted(ordered));
    CHECK(std::ranges::adjacent_find(ordered) == ordered.end());
}

TEST_CASE("places are ordered like their logs, then by offset") {
    const LogName older{9, 1, LogKind::sealed};
    const LogName newer{10, 0, LogKind::active};
    CHECK(Location{older, 999} < Location{newer, 0});
    CHECK(Location{older, 1} < Location{older, 2});
    CHECK(Location{older, 1} == Location{older, 1});
}

}  // namespace
}  // namespace bitask::log
