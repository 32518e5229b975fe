#include "io/posix_error.hpp"

#include "bitask/error.hpp"

#include <cstring>

namespace bitask::io {

void throw_io(std::string_view action, const std::string& path, int error_number) {
    throw Error{ErrorKind::io,
                std::string{action} + " " + path + ": " + ::strerrordesc_np(error_number)};
}

}  // namespace bitask::io
