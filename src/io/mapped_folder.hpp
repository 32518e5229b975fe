#pragma once

#include "io/environment.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitask::io {

// A folder whose files, when they are opened to be read and nobody changes them any more, are
// mapped: for a process that goes on reading them. Others may become shorter at any time, and who
// looks at what is gone from a mapped file is ended by a signal; so they are read as ever.
class MappedFolder final : public Folder {
public:
    explicit MappedFolder(std::unique_ptr<Folder> inner) : inner_{std::move(inner)} {}

    [[nodiscard]] const std::string& path() const noexcept override { return inner_->path(); }
    [[nodiscard]] std::vector<std::string> list() const override { return inner_->list(); }
    [[nodiscard]] std::unique_ptr<File> open(std::string_view name, Access access) const override;
    [[nodiscard]] std::unique_ptr<File> create(std::string_view name) override {
        return inner_->create(name);
    }
    [[nodiscard]] std::unique_ptr<File> open_or_create(std::string_view name) override {
        return inner_->open_or_create(name);
    }
    [[nodiscard]] std::unique_ptr<File> create_unnamed() override {
        return inner_->create_unnamed();
    }
    [[nodiscard]] std::optional<FileIdentity> identity(std::string_view name) const override {
        return inner_->identity(name);
    }
    void rename(std::string_view from, std::string_view to) override { inner_->rename(from, to); }
    void remove(std::string_view name) override { inner_->remove(name); }
    void sync() override { inner_->sync(); }

private:
    std::unique_ptr<Folder> inner_;
};

}  // namespace bitask::io
