// getopt(3) and getopt_long(3) over values: no globals, no printing, the native programs' own rules.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace netstat46 {

/// One option that a native program knows. `letter` is what parsing reports, for long names too; a long
/// option without a short one uses a letter that `short_letters` does not hold.
struct LongOption {
    std::string_view name;
    bool takes_value = false;
    char letter = 0;
    bool whole = false; ///< never abbreviated
};

struct GivenOption {
    char letter = 0; ///< `?` at a mistake, which is always the last one
    std::string value;
    std::string name; ///< `-p`, or the whole long name it stands for: `--programs`
};

struct Arguments {
    std::vector<GivenOption> options; ///< in the order given
    std::vector<std::string> operands;
    bool unknown = false; ///< the mistake is an option that there is not
    std::string
        mistake; ///< glibc's or BSD's sentence for the last option, cleaned, without the program's name
};

/// An option that only raises a flag.
template <class Flags>
struct Switch {
    char letter;
    bool Flags::*flag;
};

/// False if no switch has this letter.
template <class Flags, std::size_t count>
bool raise_flag(Flags& flags, const Switch<Flags> (&switches)[count], char letter) {
    for (const Switch<Flags>& one : switches)
        if (one.letter == letter) {
            flags.*one.flag = true;
            return true;
        }
    return false;
}

/// glibc: options and operands may be mixed, unique abbreviations of long names are accepted.
/// `short_letters` as for getopt: a letter followed by `:` takes a value. `operand_ends`: the first operand
/// ends the options, as POSIXLY_CORRECT in the environment asks for.
Arguments read_getopt_long(std::span<const std::string> arguments, std::string_view short_letters,
                           std::span<const LongOption> long_options, bool operand_ends = false);

/// BSD: the first operand ends the options.
Arguments read_getopt(std::span<const std::string> arguments, std::string_view short_letters);

} // namespace netstat46
