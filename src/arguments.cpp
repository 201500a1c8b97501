#include "arguments.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "text.hpp"

namespace netstat46 {
namespace {

void mistake(Arguments& out, std::string name, std::string_view sentence) {
    out.options.push_back({'?', {}, std::move(name)});
    out.mistake = cleaned(sentence);
}

/// How mistakes are worded.
struct Wording {
    std::string_view unknown, quote;
};

/// The letters of one bundle (`-anp`, `-Aunix`, `-A unix`); false after a mistake.
bool read_bundle(std::span<const std::string> arguments, std::size_t& at, std::string_view short_letters,
                 const Wording& wording, Arguments& out) {
    const std::string_view quote = wording.quote;
    const std::string& bundle = arguments[at];
    for (std::size_t i = 1; i < bundle.size(); ++i) {
        const char letter = bundle[i];
        const std::size_t known = letter == ':' ? std::string_view::npos : short_letters.find(letter);
        const std::string name{'-', letter};
        if (known == std::string_view::npos) {
            mistake(out, name, fmt::format("{} -- {}{}{}", wording.unknown, quote, letter, quote));
            out.unknown = true;
            return false;
        }
        if (known + 1 >= short_letters.size() || short_letters[known + 1] != ':') {
            out.options.push_back({letter, {}, name});
            continue;
        }
        if (i + 1 < bundle.size()) {
            out.options.push_back({letter, bundle.substr(i + 1), name});
        } else if (at + 1 < arguments.size()) {
            out.options.push_back({letter, arguments[++at], name});
        } else {
            mistake(out, name, fmt::format("option requires an argument -- {}{}{}", quote, letter, quote));
            return false;
        }
        return true;
    }
    return true;
}

/// The option meant by `name`; after it, if `name` is ambiguous, those that differ from it (as glibc has it:
/// two names for one option are one).
std::vector<LongOption> candidates(std::string_view name, std::span<const LongOption> long_options) {
    std::vector<LongOption> found;
    for (const LongOption& option : long_options) {
        if (option.name == name) return {option};
        if (option.whole || !option.name.starts_with(name)) continue;
        if (found.empty() || option.letter != found.front().letter ||
            option.takes_value != found.front().takes_value)
            found.push_back(option);
    }
    return found;
}

/// One `--name`, `--name=value` or `--name value`; false after a mistake.
bool read_long(std::span<const std::string> arguments, std::size_t& at,
               std::span<const LongOption> long_options, Arguments& out) {
    const std::string_view typed = std::string_view(arguments[at]).substr(2);
    const std::size_t equals = typed.find('=');
    const std::string_view name = typed.substr(0, equals);
    const std::vector<LongOption> found = candidates(name, long_options);
    const std::string shown = fmt::format("--{}", name);
    if (found.empty()) {
        mistake(out, shown, fmt::format("unrecognized option '--{}'", typed));
        out.unknown = true;
        return false;
    }
    if (found.size() > 1) {
        std::string sentence = fmt::format("option '--{}' is ambiguous; possibilities:", typed);
        for (const LongOption& option : found) sentence += fmt::format(" '--{}'", option.name);
        mistake(out, shown, sentence);
        return false;
    }
    const LongOption& option = found.front();
    const std::string whole = fmt::format("--{}", option.name);
    if (!option.takes_value) {
        if (equals != std::string_view::npos) {
            mistake(out, shown, fmt::format("option '--{}' doesn't allow an argument", option.name));
            return false;
        }
        out.options.push_back({option.letter, {}, whole});
        return true;
    }
    if (equals != std::string_view::npos) {
        out.options.push_back({option.letter, std::string(typed.substr(equals + 1)), whole});
    } else if (at + 1 < arguments.size()) {
        out.options.push_back({option.letter, arguments[++at], whole});
    } else {
        mistake(out, shown, fmt::format("option '--{}' requires an argument", option.name));
        return false;
    }
    return true;
}

} // namespace

Arguments read_getopt_long(std::span<const std::string> arguments, std::string_view short_letters,
                           std::span<const LongOption> long_options, bool operand_ends) {
    Arguments out;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const std::string& argument = arguments[at];
        const bool operand = argument.size() < 2 || argument[0] != '-';
        if (argument == "--" || (operand && operand_ends)) {
            const std::size_t first = operand ? at : at + 1;
            out.operands.insert(out.operands.end(), arguments.begin() + static_cast<std::ptrdiff_t>(first),
                                arguments.end());
            break;
        }
        if (operand) {
            out.operands.push_back(argument);
            continue;
        }
        const bool fine = argument[1] == '-'
                              ? read_long(arguments, at, long_options, out)
                              : read_bundle(arguments, at, short_letters, {"invalid option", "'"}, out);
        if (!fine) break;
    }
    return out;
}

Arguments read_getopt(std::span<const std::string> arguments, std::string_view short_letters,
                      std::string_view unknown) {
    Arguments out;
    std::size_t at = 0;
    for (; at < arguments.size(); ++at) {
        const std::string& argument = arguments[at];
        if (argument == "--") {
            ++at;
            break;
        }
        if (argument.size() < 2 || argument[0] != '-') break;
        if (!read_bundle(arguments, at, short_letters, {unknown, ""}, out)) return out;
    }
    for (; at < arguments.size(); ++at) out.operands.push_back(arguments[at]);
    return out;
}

} // namespace netstat46
