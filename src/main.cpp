// The standard streams and the environment; run() does the rest.
#include <csignal>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "given_rights.hpp"
#include "last_words.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "run.hpp"

namespace netstat46 {
namespace {

Environment environment_of(const char* invoked_as) {
    Environment environment;
    environment.invoked_as = invoked_as;
    if (const char* classic = std::getenv("NETSTAT46_CLASSIC")) environment.classic = classic;
    environment.posixly_correct = std::getenv("POSIXLY_CORRECT") != nullptr;
    environment.no_bpf = std::getenv("NETSTAT46_NO_BPF") != nullptr;
    return environment;
}

int run_with_streams(std::span<char* const> arguments, const char* invoked_as) {
    const int trouble = trouble_status(arguments);
    end_in_words(trouble);
    std::signal(SIGXFSZ, SIG_IGN); // then a write beyond RLIMIT_FSIZE fails instead
    const bool has_output = is_open(STDOUT_FILENO);
    Console console{Output(STDOUT_FILENO), Output(STDERR_FILENO), is_terminal(STDERR_FILENO),
                    is_terminal(STDOUT_FILENO), is_pipe(STDOUT_FILENO)};
    if (!open_standard_descriptors()) {
        console.complain(messages.no_descriptors);
        return trouble;
    }
    forget_environment_of_caller();
    if (console.out_is_terminal) console.columns = columns_of_terminal(STDOUT_FILENO, std::getenv("COLUMNS"));
    const char* no_color = std::getenv("NO_COLOR");
    console.may_color = console.out_is_terminal && (no_color == nullptr || *no_color == '\0');
    int status = trouble;
    try {
        const std::vector<std::string> words(arguments.begin(), arguments.end());
        status = run(words, environment_of(invoked_as), console);
    } catch (const std::exception& error) {
        console.complain(words_for(error));
    }
    if (!console.out.failed()) return status;
    if (!has_output) {
        console.complain(messages.output_closed);
    } else if (const std::string_view why = console.out.failure(); !why.empty()) {
        console.complain(fmt::format(messages.output_failed, why));
    }
    return status == 0 ? trouble : status;
}

} // namespace
} // namespace netstat46

int main(int argc, char** argv) {
    const int named = argc > 0 ? 1 : 0;
    return netstat46::run_with_streams({argv + named, argv + argc}, named != 0 ? argv[0] : "netstat46");
}
