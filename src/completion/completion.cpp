#include "completion/completion.hpp"

#include "completion/shells.hpp"

namespace netstat46 {

std::string completion(std::string_view shell) {
    if (shell == "bash") return bash_completion();
    return shell == "zsh" ? zsh_completion() : fish_completion();
}

std::vector<std::string_view> options_completed(Completes way) {
    std::vector<std::string_view> names;
    for (const OwnOption& option : own_options())
        if (option.completes == way && !option.form.empty()) names.push_back(option.name);
    return names;
}

} // namespace netstat46
