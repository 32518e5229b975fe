#include "io/worker.hpp"

#include "io/environment.hpp"
#include "io/thread_worker.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bitask::io {
namespace {

TEST_CASE("a worker does its tasks in order, and all of them before it goes") {
    std::vector<int> done;
    {
        const auto worker = posix_environment().start_worker();
        for (int i = 0; i < 1000; ++i) {
            worker->give([&done, i] { done.push_back(i); });
        }
    }
    REQUIRE(done.size() == 1000);
    for (int i = 0; i < 1000; ++i) {
        CHECK(done[static_cast<std::size_t>(i)] == i);
    }
}

TEST_CASE("what is done beside something else is done when that is over") {
    ThreadWorker worker;
    const auto here = std::this_thread::get_id();
    auto there = here;
    {
        const Beside beside{&worker, [&there] { there = std::this_thread::get_id(); }};
    }
    CHECK(there != here);
    there = here;
    Beside again{&worker, [&there] { there = std::this_thread::get_id(); }};
    again.finish();
    CHECK(there != here);
    again.finish();
}

TEST_CASE("what fails beside something else is told when it is asked for, once") {
    ThreadWorker worker;
    Beside beside{&worker, [] { throw std::runtime_error{"failed"}; }};
    CHECK_THROWS_AS(beside.finish(), std::runtime_error);
    CHECK_NOTHROW(beside.finish());
    const Beside never_asked{&worker, [] { throw std::runtime_error{"failed"}; }};
}

TEST_CASE("without a worker nothing is done beside") {
    bool done = false;
    Beside beside{nullptr, [&done] { done = true; }};
    beside.finish();
    CHECK_FALSE(done);
}

}  // namespace
}  // namespace bitask::io
