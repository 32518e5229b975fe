#include "cli/format/json_pair.hpp"

#include "bitask/error.hpp"
#include "bitask/value.hpp"
#include "cli/format/base64.hpp"
#include "cli/format/escapes.hpp"
#include "cli/format/key_sink.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace bitask::cli {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& reason) {
    throw Error{ErrorKind::usage, reason};
}

[[noreturn]] void refuse_syntax(std::size_t byte) {
    refuse("malformed JSON at byte " + std::to_string(byte));
}

// The members that an object may have.
struct Member {
    std::string_view name;
    bool is_key;
    bool is_base64;
};

constexpr std::array<Member, 4> kMembers{{
    {"key", true, false},
    {"key_base64", true, true},
    {"value", false, false},
    {"value_base64", false, true},
}};

std::string name_of(const Member& member) {
    return '"' + std::string{member.name} + '"';
}

// Is called by the parser for each thing that it meets and refuses what does not belong there at
// once. So no tree of the line is built, a second member of one name does not go unnoticed, and
// nothing can nest.
class PairHandler final : public Json::json_sax_t {
public:
    PairHandler(std::string& key, ValueBuilder& value) : key_sink_{key}, value_{value} {}

    bool start_object(std::size_t /*members*/) override {
        if (in_object_) {
            refuse_type();
        }
        in_object_ = true;
        return true;
    }

    bool key(std::string& name) override {
        member_ = find_member(name);
        const Member*& source = member_->is_key ? key_source_ : value_source_;
        if (source == member_) {
            refuse(name_of(*member_) + " is there twice");
        }
        if (source != nullptr) {
            refuse("both " + name_of(*source) + " and " + name_of(*member_));
        }
        source = member_;
        return true;
    }

    bool string(std::string& text) override {
        if (member_ == nullptr) {
            refuse_type();
        }
        ByteSink& sink = member_->is_key ? static_cast<ByteSink&>(key_sink_) : value_;
        if (!member_->is_base64) {
            sink.write(text);
        } else if (!decode_base64(text, sink)) {
            refuse(name_of(*member_) + " is not valid base64");
        }
        return true;
    }

    bool end_object() override {
        if (key_source_ == nullptr) {
            refuse(R"(neither "key" nor "key_base64")");
        }
        if (value_source_ == nullptr) {
            refuse(R"(neither "value" nor "value_base64")");
        }
        return true;
    }

    bool null() override { refuse_type(); }
    bool boolean(bool /*value*/) override { refuse_type(); }
    bool number_integer(std::int64_t /*value*/) override { refuse_type(); }
    bool number_unsigned(std::uint64_t /*value*/) override { refuse_type(); }
    bool number_float(double /*value*/, const std::string& /*text*/) override { refuse_type(); }
    bool binary(Json::binary_t& /*value*/) override { refuse_type(); }
    bool start_array(std::size_t /*elements*/) override { refuse_type(); }
    bool end_array() override { return true; }

    bool parse_error(std::size_t byte, const std::string& /*token*/,
                     const Json::exception& /*why, in the library's words*/) override {
        refuse_syntax(byte);
    }

private:
    static const Member* find_member(std::string_view name) {
        for (const Member& member : kMembers) {
            if (member.name == name) {
                return &member;
            }
        }
        refuse("unknown member " + in_quotes(name));
    }

    // Something else than an object, or within it something else than a string.
    [[noreturn]] void refuse_type() const {
        refuse(member_ == nullptr ? "not a JSON object" : name_of(*member_) + " is no string");
    }

    KeySink key_sink_;
    ValueBuilder& value_;
    bool in_object_ = false;
    const Member* member_ = nullptr;  // the one at hand
    const Member* key_source_ = nullptr;
    const Member* value_source_ = nullptr;
};

}  // namespace

void parse_json_pair(std::string_view line, std::string& key, ValueBuilder& value) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
        refuse("blank line");
    }
    // The library takes a NUL for the end of its input and would pass over all that follows.
    if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos) {
        refuse_syntax(nul + 1);
    }
    PairHandler handler{key, value};
    Json::sax_parse(line, &handler);
}

}  // namespace bitask::cli
