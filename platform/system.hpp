// What one system is to the rest of the program: its folder under platform/, as one value.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace netstat46 {

struct DecoderEntry;
struct Dialect;
struct Field;
struct FieldGroup;
struct PortRules;

/// What finds a socket's holders. Linux: inodes, 0 for what has no descriptor. BSD: kernel addresses, 0 also
/// for those that the kernel hides from the caller.
enum class OwnerKeys : std::uint8_t { Inodes, Addresses };

/// One system. Two are the same if their addresses are; src/systems.cpp lists them all.
struct System {
    std::string_view name; ///< as in --dialect=NAME and in a capture's line `os: NAME`
    std::span<const DecoderEntry> (
        *decoders)(); ///< which decoder reads which kernel interface (capture/decoders.hpp)
    OwnerKeys owner_keys;
    const PortRules* port_rules;        ///< the kernel's (ports/rules.hpp)
    const Dialect* dialect;             ///< the native program's grammar and look (format/dialect.hpp)
    std::span<const Field> (*fields)(); ///< what only this system has of a socket, as data (format/field.hpp)
    std::span<const FieldGroup> (*groups)();            ///< objects of JSON that only those belong to
    std::span<const std::string_view> particulars = {}; ///< keys of a manifest that only this system has
    bool tells_every_descriptor = false; ///< a socket that no process was found to hold has no descriptor
};

} // namespace netstat46
