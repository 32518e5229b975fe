#include "bench/engines/engine.hpp"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <stdexcept>

namespace bitask::bench {
namespace {

void check(const leveldb::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error{"leveldb: " + status.ToString()};
    }
}

leveldb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}

std::string_view view(const leveldb::Slice& bytes) {
    return {bytes.data(), bytes.size()};
}

// As doc/index.md of LevelDB advises: a filter of 10 bits a key, which "reduces the number of
// unnecessary disk reads by a factor of approximately a 100"; a cache for uncompressed blocks;
// a larger write buffer, which "increases performance, especially during bulk loads"; batches,
// since they "speed up bulk updates". Its log cannot be done without. Blocks are not checked
// against their checksums, which is its default.
class Leveldb : public Engine {
public:
    Leveldb(const std::string& folder, std::uint64_t records)
        : filter_{leveldb::NewBloomFilterPolicy(10)},
          cache_{leveldb::NewLRUCache(cache_size(records))} {
        leveldb::Options options;
        options.create_if_missing = true;
        options.filter_policy = filter_.get();
        options.block_cache = cache_.get();
        options.write_buffer_size = std::size_t{64} * 1024 * 1024;
        options.compression = leveldb::kNoCompression;
        leveldb::DB* opened = nullptr;
        check(leveldb::DB::Open(options, folder, &opened));
        db_.reset(opened);
    }

    void put(std::string_view key, std::string_view value) override {
        batch_.Put(slice(key), slice(value));
        if (++in_batch_ == kBatch) {
            write_batch();
        }
    }

    // Without the option `sync`, a write has been given to the kernel when it returns.
    void commit() override { write_batch(); }

    void settle() override { db_->CompactRange(nullptr, nullptr); }

    bool get(std::string_view key, std::string& value) override {
        const leveldb::Status status = db_->Get({}, slice(key), &value);
        if (status.IsNotFound()) {
            return false;
        }
        check(status);
        return true;
    }

    void scan(const Visitor& visit) override {
        const std::unique_ptr<leveldb::Iterator> at{db_->NewIterator({})};
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            visit(view(at->key()), view(at->value()));
        }
        check(at->status());
    }

private:
    void write_batch() {
        check(db_->Write({}, &batch_));
        batch_.Clear();
        in_batch_ = 0;
    }

    std::unique_ptr<const leveldb::FilterPolicy> filter_;
    std::unique_ptr<leveldb::Cache> cache_;
    std::unique_ptr<leveldb::DB> db_;
    leveldb::WriteBatch batch_;
    std::uint64_t in_batch_ = 0;
};

}  // namespace

std::unique_ptr<Engine> open_leveldb(const std::string& folder, Access /*access*/,
                                     std::uint64_t records) {
    return std::make_unique<Leveldb>(folder, records);
}

}  // namespace bitask::bench
