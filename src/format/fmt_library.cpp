// The part of fmt that is not in its headers, compiled in (with the Makefile's FMT_HEADER_ONLY and
// -fno-inline): to load libfmt and libstdc++ as shared objects took 0.9 of the 2.0 ms that `netstat46 -V`
// takes. A symbol that were missing here would come from the library all the same.
#include <string>

#include <fmt/format.h>

namespace netstat46 {

/// Has the compiler emit all that formatting at run time needs.
std::string format_at_run_time(fmt::string_view form, fmt::format_args arguments);

std::string format_at_run_time(fmt::string_view form, fmt::format_args arguments) {
    return fmt::vformat(form, arguments);
}

} // namespace netstat46
