// The flat table of fields: what is known of a socket, one value each, for JSON and whatever else is data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "capture/raw_block.hpp"
#include "format/dialect.hpp"
#include "record/names.hpp"
#include "text.hpp"

namespace netstat46 {

/// What all sockets of a listing share; outlived by both.
struct FieldContext {
    const HostFacts* host;
    const Names* names; ///< answers nothing for the kinds that stay numbers
};

/// What a field's value is read from.
struct FieldRow {
    const Row& row;
    const FieldContext& context;
    const Owner* owner = nullptr; ///< which one, in a group that is repeated for each owner; else null
};

enum class FieldType : std::uint8_t { Text, Number, Bool, Words };

/// One value of a socket. Each system's folder has those of that system alone.
struct Field {
    std::string_view name; ///< `local.port`: as JSON has it, a member of the object `local`
    FieldType type;
    std::string_view unit; ///< bytes, us, ms, segments, packets; empty: none
    std::string_view meaning;
    /// Appends the value as it came: not cleaned, without quotes, `;` between words. False, and nothing
    /// appended, where it is not known.
    bool (*put)(Text&, const FieldRow&);
};

/// An object of JSON that has fields as its members.
struct FieldGroup {
    std::string_view name;   ///< `local`; `peer.owners`
    std::string_view object; ///< what the manual calls such an object: `endpoint`
    std::string_view meaning;
    /// The owners for each of whom it is written, as an array; null: it is one object.
    std::vector<Owner> (*each)(const FieldRow&) = nullptr;
    bool empty_too = false; ///< the array is written even if it is empty
};

/// The fields that sockets of these systems have, each name once, in the order written; those of a group
/// stand together if it is one system.
std::vector<Field> fields_of(std::span<const System* const> systems);

/// The groups that those belong to.
std::vector<FieldGroup> groups_of(std::span<const System* const> systems);

// ---- Values: false, and nothing put, where there is none

inline bool put_field(Text& out, std::string_view text) {
    put(out, text);
    return !text.empty();
}

template <class Integer>
bool put_integer(Text& out, Integer value) {
    put_number(out, value);
    return true;
}

template <class Integer>
bool put_integer(Text& out, std::optional<Integer> value) {
    return value && put_integer(out, *value);
}

/// Kernels that do not know it leave 0.
template <class Integer>
bool put_unless_zero(Text& out, Integer value) {
    return value != 0 && put_integer(out, value);
}

inline bool put_bool(Text& out, bool value) {
    put(out, value ? "true" : "false");
    return true;
}

/// A kernel address, in hexadecimal: it does not fit the numbers of many readers (53 bits).
bool put_kernel_address(Text& out, std::uint64_t address);

struct BitName {
    std::uint32_t bit;
    std::string_view name;
};

/// The names of the bits that are set, which may be none.
bool put_bits(Text& out, std::uint32_t bits, std::span<const BitName> names);

} // namespace netstat46
