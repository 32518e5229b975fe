#include "bench/engines/engine.hpp"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <stdexcept>

namespace bitask::bench {
namespace {

void check(const rocksdb::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error{"rocksdb: " + status.ToString()};
    }
}

rocksdb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}

std::string_view view(const rocksdb::Slice& bytes) {
    return {bytes.data(), bytes.size()};
}

// OptimizeForPointLookup() is what its header offers for gets: a filter of 10 bits a key, a hash
// index in each block, a block cache of that size. The write buffer is the default, 64 MiB. Bulk
// loads are to be written in large batches and without the log (its FAQ), and a flush is then what
// makes them survive the process (WriteOptions::disableWAL). The vector memtable that the FAQ
// speaks of as well is left out: the store would have to be compacted before it could be read.
// Checksums of blocks are checked when they get into the cache, which is its default.
class Rocksdb : public Engine {
public:
    Rocksdb(const std::string& folder, Access access, std::uint64_t records) {
        rocksdb::Options options;
        options.create_if_missing = true;
        options.OptimizeForPointLookup(cache_size(records) / (1024 * 1024));
        options.compression = rocksdb::kNoCompression;
        write_.disableWAL = true;
        rocksdb::DB* opened = nullptr;
        check(access == Access::write ? rocksdb::DB::Open(options, folder, &opened)
                                      : rocksdb::DB::OpenForReadOnly(options, folder, &opened));
        db_.reset(opened);
    }

    void put(std::string_view key, std::string_view value) override {
        check(batch_.Put(slice(key), slice(value)));
        if (++in_batch_ == kBatch) {
            write_batch();
        }
    }

    void commit() override {
        write_batch();
        check(db_->Flush({}));
    }

    void settle() override { check(db_->CompactRange({}, nullptr, nullptr)); }

    bool get(std::string_view key, std::string& value) override {
        const rocksdb::Status status = db_->Get(read_, slice(key), &value);
        if (status.IsNotFound()) {
            return false;
        }
        check(status);
        return true;
    }

    void scan(const Visitor& visit) override {
        const std::unique_ptr<rocksdb::Iterator> at{db_->NewIterator(read_)};
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            visit(view(at->key()), view(at->value()));
        }
        check(at->status());
    }

private:
    void write_batch() {
        check(db_->Write(write_, &batch_));
        batch_.Clear();
        in_batch_ = 0;
    }

    rocksdb::ReadOptions read_;
    rocksdb::WriteOptions write_;
    std::unique_ptr<rocksdb::DB> db_;
    rocksdb::WriteBatch batch_;
    std::uint64_t in_batch_ = 0;
};

}  // namespace

std::unique_ptr<Engine> open_rocksdb(const std::string& folder, Access access,
                                     std::uint64_t records) {
    return std::make_unique<Rocksdb>(folder, access, records);
}

}  // namespace bitask::bench
