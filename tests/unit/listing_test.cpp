#include "store/listing.hpp"

#include "bitask/error.hpp"
#include "support/catch.hpp"
#include "support/handmade_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bitask::store {
namespace {

using log::LogKind;
using log::LogName;
using test::failure_of;
using test::HandmadeStore;
using test::Strings;

TEST_CASE("a store's files are told from others, and logs come in their order") {
    HandmadeStore store;
    for (const char* const name :
         {"10.active.log", "9.log", "9.2.log", "9.10.log", "9.11.tombstones.log", "9.3.tmp",
          "1.2.tmp", "db.lock", "x.log", "017.log", "9.hint", "readme"}) {
        store.file(name, "");
    }
    const Listing listing = list_store(*store.folder);
    CHECK(listing.logs == std::vector<LogName>{{9, 0, LogKind::sealed},
                                               {9, 2, LogKind::sealed},
                                               {9, 10, LogKind::sealed},
                                               {9, 11, LogKind::tombstones},
                                               {10, 0, LogKind::active}});
    CHECK(listing.temporaries == Strings{"1.2.tmp", "9.3.tmp"});
    CHECK(listing.has_lock_file);
    CHECK(list_store_beside_writers(*store.folder) == listing);
}

TEST_CASE("a folder is a store when it holds a log or the lock file") {
    HandmadeStore store;
    CHECK_FALSE(list_store(*store.folder).is_store());
    store.file("1.1.tmp", "").file("readme", "");
    CHECK_FALSE(list_store(*store.folder).is_store());
    store.file("1.log", "");
    CHECK(list_store(*store.folder).is_store());
    store.folder->remove("1.log");
    store.file("db.lock", "");
    CHECK(list_store(*store.folder).is_store());
}

// A folder that changes between one listing and the next.
class RestlessFolder final : public io::Folder {
public:
    explicit RestlessFolder(std::vector<Strings> listings) : listings_{std::move(listings)} {}

    [[nodiscard]] Strings list() const override {
        const std::size_t now = looks_++;
        return listings_[now % listings_.size()];
    }
    [[nodiscard]] std::size_t looks() const { return looks_; }

    [[nodiscard]] const std::string& path() const noexcept override { return path_; }
    [[nodiscard]] std::unique_ptr<io::File> open(std::string_view, io::Access) const override {
        return nullptr;
    }
    [[nodiscard]] std::unique_ptr<io::File> create(std::string_view) override { return nullptr; }
    [[nodiscard]] std::unique_ptr<io::File> open_or_create(std::string_view) override {
        return nullptr;
    }
    [[nodiscard]] std::unique_ptr<io::File> create_unnamed() override { return nullptr; }
    [[nodiscard]] std::optional<io::FileIdentity> identity(std::string_view) const override {
        return std::nullopt;
    }
    void rename(std::string_view, std::string_view) override {}
    void remove(std::string_view) override {}
    void sync() override {}

private:
    std::vector<Strings> listings_;
    mutable std::size_t looks_ = 0;
    std::string path_ = "/restless";
};

TEST_CASE("a folder that changes while it is listed is listed until two listings agree") {
    const RestlessFolder folder{{{"5.active.log"}, {}, {"5.log"}, {"5.log"}, {"7.log"}}};
    CHECK(list_store_beside_writers(folder).logs == std::vector<LogName>{{5, 0, LogKind::sealed}});
    CHECK(folder.looks() == 4);
}

TEST_CASE("a folder that never keeps still is an error, not an endless loop") {
    const RestlessFolder folder{{{"5.log"}, {"7.log"}}};
    const auto failure = failure_of([&] { (void)list_store_beside_writers(folder); });
    CHECK(failure.kind == ErrorKind::io);
    CHECK_THAT(failure.message, Catch::Matchers::StartsWith("/restless: "));
}

TEST_CASE("a log is found by the name that it has, active or sealed, whichever it is called by") {
    HandmadeStore store;
    store.file("5.log", "five").file("7.active.log", "seven");
    const LogName five{5, 0, LogKind::active};
    const LogName six{6, 0, LogKind::active};
    const LogName seven{7, 0, LogKind::sealed};
    const std::vector<LogName> listed{five, six, seven};
    CHECK(open_log(*store.folder, five, listed)->size() == 4);
    CHECK(open_log(*store.folder, six, listed) == nullptr);
    CHECK(open_log(*store.folder, seven, listed)->size() == 5);
    CHECK(open_log(*store.folder, {7, 1, LogKind::sealed}, listed) == nullptr);
}

TEST_CASE("a sealed log that was listed beside an active one of its number is not taken for it") {
    HandmadeStore store;
    store.file("5.log", "five");
    const LogName sealed{5, 0, LogKind::sealed};
    const LogName active{5, 0, LogKind::active};
    CHECK(open_log(*store.folder, sealed, {sealed, active})->size() == 4);
    CHECK(open_log(*store.folder, active, {sealed, active}) == nullptr);
}

}  // namespace
}  // namespace bitask::store
