// For installations of Catch2 that bring no main function of their own.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
