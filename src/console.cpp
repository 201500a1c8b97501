#include "console.hpp"

#include "text.hpp"

namespace netstat46 {

void Console::complain(std::string_view line) {
    Text text;
    put(text, "netstat46: ");
    put_clean(text, line);
    text.push_back('\n');
    error.write(text);
}

} // namespace netstat46
