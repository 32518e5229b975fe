#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bitask::bench {

enum class Access { write, read };

using Visitor = std::function<void(std::string_view key, std::string_view value)>;

// One store of one engine, as the measures use it. It is opened for writing or for reading, and
// asked for nothing else then. All functions throw std::exception when the engine fails.
class Engine {
public:
    Engine() = default;
    virtual ~Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    virtual void put(std::string_view key, std::string_view value) = 0;

    // The kernel has everything when this returns: the end of the process loses nothing, a power
    // cut may.
    virtual void commit() = 0;

    // Brings the store into the shape that is best for reading. No measure counts it.
    virtual void settle() {}

    // False when the key is not there.
    virtual bool get(std::string_view key, std::string& value) = 0;

    virtual void scan(const Visitor& visit) = 0;
};

struct EngineKind {
    const char* name;
    bool ordered;  // whether a scan goes through the keys in their order

    // The folder is there, and empty when a store is to be made. A store will hold about so many
    // records: engines that take advice are told.
    std::unique_ptr<Engine> (*open)(const std::string& folder, Access access,
                                    std::uint64_t records);
};

std::unique_ptr<Engine> open_bitask(const std::string& folder, Access access,
                                    std::uint64_t records);
std::unique_ptr<Engine> open_leveldb(const std::string& folder, Access access,
                                     std::uint64_t records);
std::unique_ptr<Engine> open_rocksdb(const std::string& folder, Access access,
                                     std::uint64_t records);
std::unique_ptr<Engine> open_lmdb(const std::string& folder, Access access, std::uint64_t records);
std::unique_ptr<Engine> open_tkrzw_hash(const std::string& folder, Access access,
                                        std::uint64_t records);
std::unique_ptr<Engine> open_tkrzw_tree(const std::string& folder, Access access,
                                        std::uint64_t records);

// A cache that could hold a whole store of so many records, in bytes: everything is in memory for
// engines that read through the kernel, so it is to be for those that have a cache of their own.
constexpr std::uint64_t cache_size(std::uint64_t records) {
    constexpr std::uint64_t kLeast = std::uint64_t{256} * 1024 * 1024;
    return records * 256 > kLeast ? records * 256 : kLeast;
}

// How many records are given to an engine at a time that takes them in batches.
constexpr std::uint64_t kBatch = 1000;

}  // namespace bitask::bench
