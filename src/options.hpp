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

/// The options that no native netstat has, by their full names only, and what is left for the native grammar.
struct Ours {
    bool classic = false;
    std::optional<Os> dialect;
    std::optional<std::string> save, replay;
    bool json = false, quiet = false;
    std::vector<std::pair<const SelectionOption*, std::string>> selections; ///< and their values
    bool version = false, help = false;
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

/// What `--help` says of ours; at most 24 lines of 80 columns.
std::string our_help();

} // namespace netstat46
