#include "bench/engines/engine.hpp"
#include "bitask/bytes.hpp"
#include "bitask/reader.hpp"
#include "bitask/writer.hpp"

#include <optional>

namespace bitask::bench {
namespace {

class Collector : public ByteSink {
public:
    explicit Collector(std::string& bytes) : bytes_{bytes} { bytes_.clear(); }

    void write(std::string_view bytes) override { bytes_ += bytes; }

private:
    std::string& bytes_;
};

// As the program opens it, but for the sync, and for files that are mapped, for which a table of
// all keys is made in the midst of many gets. Checksums of records are checked whenever they are
// read, those of hints once.
class Bitask : public Engine {
public:
    Bitask(const std::string& folder, Access access) {
        if (access == Access::write) {
            writer_.emplace(folder, WriterOptions{.durability = Durability::unsynced});
        } else {
            reader_.emplace(folder, ReaderOptions{.only_key = {}, .mapped = true});
        }
    }

    void put(std::string_view key, std::string_view value) override { writer_->put(key, value); }

    void commit() override { writer_->commit(); }

    bool get(std::string_view key, std::string& value) override {
        return reader_->get(key, value) != Found::no;
    }

    void scan(const Visitor& visit) override {
        const auto cursor = reader_->scan({}, Visit::pairs);
        std::string value;
        while (cursor->next()) {
            Collector collector{value};
            cursor->value().copy_to(collector);
            visit(cursor->key(), value);
        }
    }

private:
    std::optional<Writer> writer_;
    std::optional<Reader> reader_;
};

}  // namespace

std::unique_ptr<Engine> open_bitask(const std::string& folder, Access access,
                                    std::uint64_t /*records*/) {
    return std::make_unique<Bitask>(folder, access);
}

}  // namespace bitask::bench
