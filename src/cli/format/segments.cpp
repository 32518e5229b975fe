#include "cli/format/segments.hpp"

#include "bitask/streams.hpp"

namespace bitask::cli {

bool Segments::next() {
    while (inside_) {
        consume(peek().size());
    }
    // Behind a segment without its ending there is nothing, and a terminal is not asked again.
    if (!closed_ || input_.peek().empty()) {
        return false;
    }
    inside_ = true;
    ++number_;
    return true;
}

std::string_view Segments::peek() {
    if (!inside_) {
        return {};
    }
    const std::string_view bytes = input_.peek();
    if (bytes.empty()) {
        inside_ = false;
        closed_ = false;
        return {};
    }
    if (bytes.front() == ending_) {
        inside_ = false;
        input_.consume(1);
        return {};
    }
    return bytes.substr(0, bytes.find(ending_));
}

void Segments::consume(std::size_t size) {
    input_.consume(size);
}

std::optional<std::string_view> Segments::next_whole() const {
    const std::string_view bytes = inside_ ? std::string_view{} : input_.buffered();
    const std::size_t size = bytes.find(ending_);
    return size == std::string_view::npos ? std::nullopt : std::optional{bytes.substr(0, size)};
}

void Segments::pass_whole(std::size_t size) {
    input_.consume(size + 1);
    ++number_;
}

void Segments::drain_to(ByteSink& sink) {
    for (std::string_view bytes = peek(); !bytes.empty(); bytes = peek()) {
        sink.write(bytes);
        consume(bytes.size());
    }
}

}  // namespace bitask::cli
