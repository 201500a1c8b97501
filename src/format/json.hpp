// Records as data: one JSON document, a line per socket.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/raw_block.hpp"
#include "format/dialect.hpp"
#include "format/field.hpp"
#include "record/names.hpp"
#include "text.hpp"

namespace netstat46 {

/// One member of an object of the document, as the manual describes it.
struct JsonField {
    std::string_view object; ///< `document`, `socket`, `endpoint`, `owner`, `timer`, ...
    std::string_view name;
    std::string_view meaning;
};

/// Every member that a document can have, in the order written.
std::vector<JsonField> json_fields(std::span<const System* const> systems);

/// One member of a socket's object: a field, an object, or an array of objects.
struct JsonMember {
    std::string key; ///< `"port":`
    std::optional<Field> field;
    std::vector<Owner> (*each)(const FieldRow&) = nullptr; ///< FieldGroup::each
    bool empty_too = false;
    std::vector<JsonMember> members;
};

/// Sockets of one host as objects. What it is made from outlives it.
class JsonSockets {
public:
    JsonSockets(const HostFacts& host, const Names& names);

    /// What is not known is left out.
    void put(Text& out, const Row& row) const;

private:
    FieldContext context_;
    std::vector<JsonMember> members_;
};

/// A string with its quotes. Control characters (as is_control() has it) are escaped; each byte that is not
/// UTF-8 becomes U+FFFD.
void put_json_string(Text& out, std::string_view text);

/// The document up to its first socket.
void put_json_head(Text& out, const HostFacts& host);

/// All that follows the last socket.
void put_json_tail(Text& out, std::span<const std::string> problems);

} // namespace netstat46
