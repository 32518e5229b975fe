#include "cli/run.hpp"

int main(int argc, char** argv) {
    return static_cast<int>(bitask::cli::run(argc, argv));
}
