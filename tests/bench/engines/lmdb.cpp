#include "bench/engines/engine.hpp"

#include <lmdb.h>

#include <stdexcept>

namespace bitask::bench {
namespace {

void check(int status) {
    if (status != MDB_SUCCESS) {
        throw std::runtime_error{std::string{"lmdb: "} + mdb_strerror(status)};
    }
}

// It takes bytes by a pointer to what is not const, and leaves them as they are.
MDB_val bytes_of(std::string_view bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};
}

std::string_view view(const MDB_val& bytes) {
    return {static_cast<const char*>(bytes.mv_data), bytes.mv_size};
}

class Environment {
public:
    Environment(const std::string& folder, Access access, std::uint64_t records) {
        check(mdb_env_create(&env_));
        // Address space, not memory.
        check(mdb_env_set_mapsize(env_, cache_size(records) * 4));
        check(mdb_env_open(env_, folder.c_str(),
                           access == Access::write ? MDB_WRITEMAP | MDB_NOSYNC : MDB_RDONLY, 0644));
    }
    ~Environment() { mdb_env_close(env_); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    [[nodiscard]] MDB_env* get() const noexcept { return env_; }

private:
    MDB_env* env_ = nullptr;
};

// Writes through the map and leaves syncing to the kernel, the fastest that lmdb.h offers. All that
// lies between two commits is one transaction: a page is then copied once, not once a batch. Reads
// are one transaction, too. It has no checksums.
class Lmdb : public Engine {
public:
    Lmdb(const std::string& folder, Access access, std::uint64_t records)
        : environment_{folder, access, records}, access_{access} {
        begin();
        check(mdb_dbi_open(transaction_, nullptr, 0, &dbi_));
    }
    ~Lmdb() override { mdb_txn_abort(transaction_); }
    Lmdb(const Lmdb&) = delete;
    Lmdb& operator=(const Lmdb&) = delete;

    void put(std::string_view key, std::string_view value) override {
        MDB_val key_bytes = bytes_of(key);
        MDB_val value_bytes = bytes_of(value);
        check(mdb_put(transaction_, dbi_, &key_bytes, &value_bytes, 0));
    }

    void commit() override {
        MDB_txn* const done = transaction_;
        transaction_ = nullptr;
        check(mdb_txn_commit(done));
        begin();
    }

    bool get(std::string_view key, std::string& value) override {
        MDB_val key_bytes = bytes_of(key);
        MDB_val found{};
        const int status = mdb_get(transaction_, dbi_, &key_bytes, &found);
        if (status == MDB_NOTFOUND) {
            return false;
        }
        check(status);
        value = view(found);
        return true;
    }

    void scan(const Visitor& visit) override {
        MDB_cursor* opened = nullptr;
        check(mdb_cursor_open(transaction_, dbi_, &opened));
        const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor{opened,
                                                                              &mdb_cursor_close};
        MDB_val key{};
        MDB_val value{};
        int status = mdb_cursor_get(cursor.get(), &key, &value, MDB_FIRST);
        for (; status == MDB_SUCCESS;
             status = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT)) {
            visit(view(key), view(value));
        }
        if (status != MDB_NOTFOUND) {
            check(status);
        }
    }

private:
    void begin() {
        check(mdb_txn_begin(environment_.get(), nullptr, access_ == Access::write ? 0 : MDB_RDONLY,
                            &transaction_));
    }

    Environment environment_;
    Access access_;
    MDB_txn* transaction_ = nullptr;
    MDB_dbi dbi_ = 0;
};

}  // namespace

std::unique_ptr<Engine> open_lmdb(const std::string& folder, Access access, std::uint64_t records) {
    return std::make_unique<Lmdb>(folder, access, records);
}

}  // namespace bitask::bench
