// The standard streams and the environment; run() does the rest.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "given_rights.hpp"
#include "run.hpp"

namespace netstat46 {
namespace {

Environment environment_of(int argc, char** argv) {
    Environment environment;
    if (argc > 0) environment.invoked_as = argv[0];
    if (const char* classic = std::getenv("NETSTAT46_CLASSIC")) environment.classic = classic;
    environment.posixly_correct = std::getenv("POSIXLY_CORRECT") != nullptr;
    return environment;
}

int run_with_streams(int argc, char** argv) {
    Console console{Output(STDOUT_FILENO), Output(STDERR_FILENO), is_terminal(STDERR_FILENO)};
    if (!is_open(STDOUT_FILENO)) {
        console.complain("standard output is closed");
        return 1;
    }
    open_standard_descriptors();
    forget_environment_of_caller();
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    const int status = run(arguments, environment_of(argc, argv), console);
    if (!console.out.failed()) return status;
    if (const std::string why = console.out.failure(); !why.empty())
        console.complain(fmt::format("standard output: {}", why));
    return status == 0 ? 1 : status;
}

} // namespace
} // namespace netstat46

int main(int argc, char** argv) { return netstat46::run_with_streams(argc, argv); }
