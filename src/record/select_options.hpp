// The values of the options that select: each adds what one asks for to a Selection.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/names.hpp"
#include "record/select.hpp"

namespace netstat46 {

/// What is wrong with a value, if anything is: `` `x' is not a port, range or service``.
using Wrong = std::optional<std::string>;
using TakeSelection = Wrong (*)(Selection&, std::string_view value, const Names&);

template <std::vector<PortRange> Selection::*member>
Wrong select_ports(Selection& selection, std::string_view value, const Names& names);
Wrong select_address(Selection& selection, std::string_view value, const Names& names);
Wrong select_pids(Selection& selection, std::string_view value, const Names& names);
Wrong select_command(Selection& selection, std::string_view value, const Names& names);
Wrong select_user(Selection& selection, std::string_view value, const Names& names);
Wrong select_states(Selection& selection, std::string_view value, const Names& names);
Wrong select_v6only(Selection& selection, std::string_view value, const Names& names);

/// Every state's word, blanks between them.
std::string state_words();

} // namespace netstat46
