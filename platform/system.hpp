// What one system is to the rest of the program: its folder under platform/, as one value.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "record/owners.hpp"

namespace netstat46 {

struct DecoderEntry;
struct Dialect;
struct Field;
struct FieldGroup;
struct PortRules;

/// One system. Two are the same if their addresses are; src/systems.cpp lists them all.
struct System {
    std::string_view name; ///< as in --dialect=NAME and in a capture's line `os: NAME`
    std::span<const DecoderEntry> (
        *decoders)(); ///< which decoder reads which kernel interface (capture/decoders.hpp)
    OwnerKeys owner_keys;
    const PortRules* port_rules;        ///< the kernel's (ports/rules.hpp)
    const Dialect* dialect;             ///< the native program's grammar and look (format/dialect.hpp)
    std::span<const Field> (*fields)(); ///< what only this system has of a socket, as data (format/field.hpp)
    std::span<const FieldGroup> (*groups)(); ///< objects of JSON that only those belong to
    /// What its folder reports besides what all do (messages.hpp). Null: nothing.
    std::vector<std::string_view> (*messages)() = nullptr;
};

} // namespace netstat46
