#pragma once

#include "io/environment.hpp"
#include "io/worker.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitask::io {

// A folder whose new files are written by a worker, beside the work that produces their bytes. For
// files that nobody else looks at before they are synced.
//
// A write that fails is told of by a later call for that file, and so are all calls from then on:
// whoever has synced a file, or read it, knows that everything is in it. Takes the memory of what
// is waiting, 17 MiB at the most. Files that existed before are as they are in the inner folder.
//
// What is written to files with names goes on to the disk at once, some MiB at a time, and the next
// ones wait for it: a sync of somebody else finds no more than that before it.
class WriteBehindFolder final : public Folder {
public:
    // Both must outlive the folder, and the folder its files.
    WriteBehindFolder(Environment& environment, Folder& inner);

    [[nodiscard]] const std::string& path() const noexcept override { return inner_.path(); }
    [[nodiscard]] std::vector<std::string> list() const override { return inner_.list(); }
    [[nodiscard]] std::unique_ptr<File> open(std::string_view name, Access access) const override {
        return inner_.open(name, access);
    }
    [[nodiscard]] std::unique_ptr<File> create(std::string_view name) override;
    [[nodiscard]] std::unique_ptr<File> open_or_create(std::string_view name) override {
        return inner_.open_or_create(name);
    }
    [[nodiscard]] std::unique_ptr<File> create_unnamed() override;
    [[nodiscard]] std::optional<FileIdentity> identity(std::string_view name) const override {
        return inner_.identity(name);
    }
    void rename(std::string_view from, std::string_view to) override { inner_.rename(from, to); }
    void remove(std::string_view name) override { inner_.remove(name); }
    void sync() override { inner_.sync(); }

private:
    class FileState;
    class WrittenFile;

    // Buffers are used again and again: new memory costs more than what is copied to it.
    class Buffers {
    public:
        [[nodiscard]] std::vector<std::byte> take();
        void give_back(std::vector<std::byte> buffer);

    private:
        std::mutex mutex_;
        std::vector<std::vector<std::byte>> free_;
    };

    // By the worker alone: the file's bytes up to `end` are on their way to the disk. Waits for
    // those before them; if these could not be written, it is their file that has failed.
    void begin_sync(const std::shared_ptr<FileState>& file, std::uint64_t end);

    struct Begun {
        std::shared_ptr<FileState> file;
        std::uint64_t end = 0;
    };

    Folder& inner_;
    Buffers buffers_;
    std::optional<Begun> begun_;      // the one to be waited for next
    std::unique_ptr<Worker> worker_;  // last: its tasks use the others
};

}  // namespace bitask::io
