// argv to what is to be done. Pure: nothing is read but the arguments and what is passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "record/select_options.hpp"
#include "system.hpp"

namespace netstat46 {

/// At most one of them is set.
struct PortQuestion {
    std::optional<std::string> explain, who_answers, can_bind;

    [[nodiscard]] int count() const { return (explain ? 1 : 0) + (who_answers ? 1 : 0) + (can_bind ? 1 : 0); }
};

/// How a shell completes an option's value.
enum class Completes : std::uint8_t { Nothing, Words, Directory, Ports, Target, User, Pid, Command };

struct OwnOptions;

/// One of the options that no native netstat has. Help, completions and refusals come from the table of them.
struct OwnOption {
    std::string_view name; ///< `--port`
    std::string_view form; ///< of its value, for messages and help: `LIST`; empty: it takes none
    std::string_view help; ///< one line
    Completes completes = Completes::Nothing;
    std::string (*words)() = nullptr; ///< that Completes::Words offers, blanks between them
    std::string_view excludes = {};   ///< names of other options, blanks between them
    /// Stores the value and returns what is wrong with it, if anything is. Null for those that select.
    std::string (*take)(OwnOptions&, std::string_view value) = nullptr;
    TakeSelection select = nullptr;
};

std::span<const OwnOption> own_options();

/// Whether to colour; `may`: it is a terminal that likes it.
bool colors(const OwnOptions& ours, bool may);

/// `--port=LIST`, `--json`.
std::string form_of(const OwnOption& option);

/// When output is coloured. Auto: on a terminal, unless NO_COLOR is set.
enum class Color : std::uint8_t { Auto, Always, Never };

/// The options that no native netstat has, by their full names only, and what is left for the native grammar.
struct OwnOptions {
    bool classic = false;
    const System* dialect = nullptr; ///< --dialect
    std::optional<std::string> save, replay, completion;
    bool json = false, quiet = false, pids = false, no_bpf = false;
    Color color = Color::Auto;
    std::vector<std::pair<const OwnOption*, std::string>> selections; ///< and their values
    PortQuestion question;
    std::vector<std::string> native; ///< all other arguments, in order
};

/// A line for standard error: it names the option, the value and the form.
struct UsageError {
    std::string text;
};

/// `invoked_as`: argv[0]. `classic_variable`: the value of NETSTAT46_CLASSIC, empty if unset. Values follow
/// after `=` or as the next argument. Arguments after `--` are never ours.
std::variant<OwnOptions, UsageError> read_own_options(std::string_view invoked_as,
                                                      std::string_view classic_variable,
                                                      std::span<const std::string> arguments);

/// One of them asks about a port: then every usage error ends with status 2.
bool asks_about_port(std::span<const std::string> arguments);

/// What argv[1] and those that follow make the program end with where something goes wrong that is not wrong
/// usage: 2 where 1 is an answer (--quiet, and questions about ports), else 1. Needs no memory.
int trouble_status(std::span<char* const> arguments);

} // namespace netstat46
