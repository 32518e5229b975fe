#include "cli/format/factories.hpp"

#include <string>
#include <string_view>

// A pair is a SET command in the protocol of Redis, RESP2, as `redis-cli --pipe` sends it
// (https://redis.io/docs/latest/develop/reference/protocol-spec).
namespace bitask::cli {

namespace {

class RespWriter final : public PairWriter {
public:
    explicit RespWriter(ByteSink& out) : out_{out} {}

    void write_pair(std::string_view key, const Value& value) override {
        out_.write("*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n");
        out_.write(key);
        out_.write("\r\n$" + std::to_string(value.size()) + "\r\n");
        value.copy_to(out_);
        out_.write("\r\n");
    }

    void write_key(std::string_view /*key*/) override { throw_no_keys_alone(Format::resp); }

private:
    ByteSink& out_;
};

}  // namespace

std::unique_ptr<PairWriter> make_resp_writer(ByteSink& out) {
    return std::make_unique<RespWriter>(out);
}

}  // namespace bitask::cli
