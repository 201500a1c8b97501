#include "last_words.hpp"

#include <new>
#include <string_view>

#include <unistd.h>

#include "messages.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

/// Needs no memory but the stack's: what is longer than a Text without any is cut.
template <int status>
[[noreturn]] void say(std::string_view why) {
    constexpr std::size_t longest = fmt::inline_buffer_size - 50;
    Text text;
    put(text, "netstat46: ");
    put_clean(text, why.substr(0, longest));
    text.push_back('\n');
    [[maybe_unused]] const ssize_t wrote = write(STDERR_FILENO, text.data(), text.size());
    _exit(status);
}

template <int status>
[[noreturn]] void without_memory() {
    say<status>(words_for(std::bad_alloc()));
}

/// The handler of std::terminate. Without an exception, memory was missing to make one.
template <int status>
[[noreturn]] void at_the_end() {
    std::set_terminate(without_memory<status>); // to look at an exception takes memory, too
    const std::exception_ptr thrown = std::current_exception();
    if (!thrown) without_memory<status>();
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        say<status>(words_for(error));
    } catch (...) {
        say<status>("unknown exception");
    }
}

} // namespace

const char* words_for(const std::exception& error) {
    return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? messages.out_of_memory.data()
                                                                  : error.what();
}

void end_in_words(int status) { std::set_terminate(status == 2 ? at_the_end<2> : at_the_end<1>); }

} // namespace netstat46
