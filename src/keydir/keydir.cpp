#include "keydir/keydir.hpp"

#include <iterator>

namespace bitask::keydir {

std::optional<Entry> Keydir::apply(std::string_view key, const Entry& entry) {
    const auto place = entries_.lower_bound(key);
    if (place == entries_.end() || place->first != key) {
        entries_.emplace_hint(place, key, entry);
        count(entry);
        return std::nullopt;
    }
    if (place->second.newer_than(entry.header.timestamp, entry.location)) {
        return place->second;
    }
    discount(place->second);
    place->second = entry;
    count(entry);
    return std::nullopt;
}

std::optional<Entry> Keydir::find(std::string_view key) const {
    const auto place = entries_.find(key);
    if (place == entries_.end()) {
        return std::nullopt;
    }
    return place->second;
}

std::optional<Keydir::Item> Keydir::at_or_after(std::string_view from) const {
    return item(entries_.lower_bound(from));
}

std::optional<Keydir::Item> Keydir::after(std::string_view from) const {
    return item(entries_.upper_bound(from));
}

std::optional<Keydir::Item> Keydir::before(const std::optional<std::string>& to) const {
    const auto end = to ? entries_.lower_bound(*to) : entries_.end();
    return end == entries_.begin() ? std::nullopt : item(std::prev(end));
}

void Keydir::for_each(
    const std::function<void(std::string_view key, const Entry& entry)>& visit) const {
    for (const auto& [key, entry] : entries_) {
        visit(key, entry);
    }
}

std::optional<Keydir::Item> Keydir::item(Map::const_iterator at) const {
    if (at == entries_.end()) {
        return std::nullopt;
    }
    return Item{at->first, at->second};
}

void Keydir::count(const Entry& entry) {
    if (entry.live()) {
        ++live_keys_;
        live_bytes_ += entry.header.record_size();
    }
}

void Keydir::discount(const Entry& entry) {
    if (entry.live()) {
        --live_keys_;
        live_bytes_ -= entry.header.record_size();
    }
}

}  // namespace bitask::keydir
