// argv to what is to be done. Pure: nothing is read but the arguments and what is passed in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "record/select.hpp"

namespace netstat46 {

/// At most one of them is set.
struct PortQuestion {
    std::optional<std::string> explain, who_answers, can_bind;

    [[nodiscard]] int count() const { return (explain ? 1 : 0) + (who_answers ? 1 : 0) + (can_bind ? 1 : 0); }
};

/// The options that no native netstat has, by their full names only, and what is left for the native grammar.
struct Ours {
    bool classic = false;
    std::optional<Os> dialect;
    std::optional<std::string> save, replay;
    bool json = false, quiet = false;
    std::vector<std::pair<const SelectionOption*, std::string>> selections; ///< and their values
    PortQuestion question;
    std::vector<std::string> native; ///< all other arguments, in order
};

/// A line for standard error: it names the option, the value and the form.
struct UsageError {
    std::string text;
};

/// `invoked_as`: argv[0]. `classic_variable`: the value of NETSTAT46_CLASSIC, empty if unset. Arguments
/// behind `--` are never ours.
std::variant<Ours, UsageError> read_ours(std::string_view invoked_as, std::string_view classic_variable,
                                         std::span<const std::string> arguments);

/// One of them asks about a port: then every usage error ends with status 2.
bool asks_about_port(std::span<const std::string> arguments);

/// What argv[1] and those that follow make the program end with where something goes wrong that is no wrong
/// usage: 2 where 1 is an answer (--quiet, and questions about ports), else 1. Needs no memory.
int trouble_status(std::span<char* const> arguments);

/// What `--help` says of ours; at most 24 lines of 80 columns.
std::string our_help();

} // namespace netstat46
