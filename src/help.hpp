// What --help prints, and the answer to an unknown option.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "arguments.hpp"

namespace netstat46 {

/// `--help`: at most 23 lines of 79 columns.
std::string short_help();

/// `--help=all`: every option of ours, as its table has it.
std::string all_help();

/// The values of `--help=`; nothing: `argument` is another one.
enum class HelpAbout : std::uint8_t { All, Native, Unknown };
std::optional<HelpAbout> help_about(std::string_view argument);

/// The option that was probably meant by `typed` (`--explian=80`, `-k`), with the form of its value:
/// `--explain=PORT`. Ours, the native long options, and what other tools call the same. Empty: none is near.
std::string option_meant(std::string_view typed, std::span<const LongOption> native);

/// What the first of some words that are not options was probably meant for: `--port=8888` or, with
/// net-tools' letters, `-t`. Empty: nothing that is known.
std::string operand_meant(std::span<const std::string> operands, bool linux_letters);

/// One line on an option that neither we nor the native program have.
std::string unknown_option(std::string_view typed, std::span<const LongOption> native);

} // namespace netstat46
