// The parts of json.cpp: objects as tables of members, and what each part writes.
#pragma once

#include <string_view>
#include <vector>

#include "format/json.hpp"

namespace netstat46::json {

/// A member of the object that describes a `Subject`. `put` appends its value, or nothing and gives false
/// where it is not known.
template <class Subject>
struct Field {
    std::string_view name, meaning;
    bool (*put)(Text&, const Subject&, const JsonContext&);
};

/// The members that are known, without braces; true if there is one.
template <class Subject, std::size_t count>
bool put_members(Text& out, const Field<Subject> (&fields)[count], const Subject& subject,
                 const JsonContext& look, bool first = true) {
    for (const Field<Subject>& field : fields) {
        const std::size_t before = out.size();
        put(out, first ? "\"" : ",\"");
        put(out, field.name);
        put(out, "\":");
        if (field.put(out, subject, look)) {
            first = false;
        } else {
            out.resize(before);
        }
    }
    return !first;
}

/// False if none of its members is known.
template <class Subject, std::size_t count>
bool put_object(Text& out, const Field<Subject> (&fields)[count], const Subject& subject,
                const JsonContext& look) {
    out.push_back('{');
    const bool any = put_members(out, fields, subject, look);
    out.push_back('}');
    return any;
}

/// Appends what the manual says of these members.
template <class Subject, std::size_t count>
void describe(std::vector<JsonField>& all, std::string_view object, const Field<Subject> (&fields)[count]) {
    for (const Field<Subject>& field : fields) all.push_back({object, field.name, field.meaning});
}

// ---- Values: false, and nothing put, where there is none

inline bool put_text(Text& out, std::string_view text) {
    if (text.empty()) return false;
    put_json_string(out, text);
    return true;
}

template <class Integer>
bool put_integer(Text& out, Integer value) {
    put_number(out, value);
    return true;
}

/// Kernels that do not tell leave 0.
template <class Integer>
bool put_unless_zero(Text& out, Integer value) {
    return value != 0 && put_integer(out, value);
}

inline bool put_bool(Text& out, bool value) {
    put(out, value ? "true" : "false");
    return true;
}

// ---- What only some systems tell of a socket: false if it is nothing

bool put_timer(Text& out, const Timer& timer, const JsonContext& look);
bool put_tcp(Text& out, const SocketRecord& socket, const JsonContext& look);
bool put_buffer(Text& out, const BufferFacts& buffer, const JsonContext& look);
bool put_darwin(Text& out, const DarwinFacts& facts, const JsonContext& look);
bool put_freebsd(Text& out, const FreeBsdFacts& facts, const JsonContext& look);

void describe_sockets(std::vector<JsonField>& all); ///< sockets, endpoints, owners, peers
void describe_facts(std::vector<JsonField>& all);   ///< all else within a socket

} // namespace netstat46::json
