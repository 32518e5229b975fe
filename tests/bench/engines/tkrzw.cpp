#include "bench/engines/engine.hpp"

#include <tkrzw_dbm.h>
#include <tkrzw_dbm_hash.h>
#include <tkrzw_dbm_tree.h>
#include <tkrzw_file_mmap.h>

#include <algorithm>
#include <stdexcept>

namespace bitask::bench {
namespace {

void check(const tkrzw::Status& status) {
    if (!status.IsOK()) {
        throw std::runtime_error{"tkrzw: " + tkrzw::ToString(status)};
    }
}

class Each : public tkrzw::DBM::RecordProcessor {
public:
    explicit Each(const Visitor& visit) : visit_{visit} {}

    std::string_view ProcessFull(std::string_view key, std::string_view value) override {
        visit_(key, value);
        return NOOP;
    }

private:
    const Visitor& visit_;
};

// Both are files that are mapped as a whole, its default and fastest class of files. Neither has
// checksums of records, unless one asks for them.
template <typename Dbm>
class Tkrzw : public Engine {
public:
    Tkrzw(const std::string& folder, Access access, const typename Dbm::TuningParameters& tuning)
        : dbm_{std::make_unique<tkrzw::MemoryMapParallelFile>()} {
        check(dbm_.OpenAdvanced(folder + "/db", access == Access::write, tkrzw::File::OPEN_DEFAULT,
                                tuning));
    }

    void put(std::string_view key, std::string_view value) override { check(dbm_.Set(key, value)); }

    void commit() override { check(dbm_.Synchronize(false)); }

    bool get(std::string_view key, std::string& value) override {
        const tkrzw::Status status = dbm_.Get(key, &value);
        if (status == tkrzw::Status::NOT_FOUND_ERROR) {
            return false;
        }
        check(status);
        return true;
    }

    void scan(const Visitor& visit) override {
        Each each{visit};
        check(dbm_.ProcessEach(&each, false));
    }

private:
    Dbm dbm_;
};

}  // namespace

// "The number of buckets should be larger than the number of records."
std::unique_ptr<Engine> open_tkrzw_hash(const std::string& folder, Access access,
                                        std::uint64_t records) {
    tkrzw::HashDBM::TuningParameters tuning;
    tuning.num_buckets = static_cast<std::int64_t>(2 * records);
    return std::make_unique<Tkrzw<tkrzw::HashDBM>>(folder, access, tuning);
}

// The cache has room for all pages, of which each has 8130 bytes at the most, and a bucket for
// each; neither is less than its default.
std::unique_ptr<Engine> open_tkrzw_tree(const std::string& folder, Access access,
                                        std::uint64_t records) {
    const std::uint64_t pages = records / 20;
    tkrzw::TreeDBM::TuningParameters tuning;
    tuning.num_buckets = static_cast<std::int64_t>(std::max<std::uint64_t>(131101, pages));
    tuning.max_cached_pages = static_cast<std::int32_t>(std::max<std::uint64_t>(10000, pages));
    return std::make_unique<Tkrzw<tkrzw::TreeDBM>>(folder, access, tuning);
}

}  // namespace bitask::bench
