#include "format/json.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>
#include <range/v3/algorithm/find_if.hpp>

#include "system.hpp"

namespace netstat46 {
namespace {

constexpr int format_version = 1;

constexpr JsonField document_fields[] = {
    {"document", "version",
     "of this format: 1; it grows by members and changes its number if one changes its meaning"},
    {"document", "os", "linux, darwin or freebsd: whose sockets they are"},
    {"document", "release", "that kernel's release"},
    {"document", "hostname", "that host's name"},
    {"document", "time", "when the kernel was asked (RFC 3339)"},
    {"document", "sockets", "a line each, in the kernel's order"},
    {"document", "problems", "what standard error was told: damage, refusals, tables that changed meanwhile"},
};

/// `local` of `local.port`; empty if it is in no group.
std::string_view group_in(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == name.npos ? std::string_view{} : name.substr(0, dot);
}

std::string_view member_in(std::string_view name) { return name.substr(name.rfind('.') + 1); }

/// Of a text that was appended at `start`.
void quote(Text& out, std::size_t start) {
    const std::string text(out.data() + start, out.size() - start);
    out.resize(start);
    put_json_string(out, text);
}

/// Words with `;` between them, as an array.
void quote_words(Text& out, std::size_t start) {
    const std::string words(out.data() + start, out.size() - start);
    out.resize(start);
    out.push_back('[');
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = std::min(words.find(';', at), words.size());
        if (at != 0) out.push_back(',');
        put_json_string(out, std::string_view(words).substr(at, end - at));
        at = end + 1;
    }
    out.push_back(']');
}

bool put_value(Text& out, const Field& field, const FieldRow& at) {
    const std::size_t start = out.size();
    if (!field.put(out, at)) {
        out.resize(start);
        return false;
    }
    if (field.type == FieldType::Text) quote(out, start);
    if (field.type == FieldType::Words) quote_words(out, start);
    return true;
}

using Members = std::vector<JsonMember>;

bool put_object(Text& out, const Members& members, const FieldRow& at);

bool put_array(Text& out, const JsonMember& member, const FieldRow& at) {
    const std::vector<Owner> owners = member.each(at);
    if (owners.empty() && !member.empty_too) return false;
    out.push_back('[');
    for (std::size_t i = 0; i < owners.size(); ++i) {
        if (i != 0) out.push_back(',');
        put_object(out, member.members, {at.row, at.context, &owners[i]});
    }
    out.push_back(']');
    return true;
}

bool put_member(Text& out, const JsonMember& member, const FieldRow& at) {
    if (member.field) return put_value(out, *member.field, at);
    return member.each != nullptr ? put_array(out, member, at) : put_object(out, member.members, at);
}

/// False if none of its members is known.
bool put_object(Text& out, const Members& members, const FieldRow& at) {
    out.push_back('{');
    bool any = false;
    for (const JsonMember& member : members) {
        const std::size_t start = out.size();
        if (any) out.push_back(',');
        put(out, member.key);
        if (put_member(out, member, at)) {
            any = true;
        } else {
            out.resize(start);
        }
    }
    out.push_back('}');
    return any;
}

/// The members of the object whose fields all begin with the first `depth` characters of the first one's
/// name.
Members members_of(std::span<const Field> fields, std::size_t depth, std::span<const FieldGroup> groups) {
    Members members;
    while (!fields.empty()) {
        const std::string_view name = fields.front().name;
        const std::size_t dot = name.find('.', depth);
        JsonMember member{
            fmt::format("\"{}\":", name.substr(depth, dot - depth)), fields.front(), nullptr, false, {}};
        std::size_t count = 1;
        if (dot != name.npos) {
            const FieldGroup& group = *ranges::find(groups, name.substr(0, dot), &FieldGroup::name);
            while (count < fields.size() && fields[count].name.starts_with(name.substr(0, dot + 1))) ++count;
            member.field.reset();
            member.each = group.each;
            member.empty_too = group.empty_too;
            member.members = members_of(fields.first(count), dot + 1, groups);
        }
        members.push_back(std::move(member));
        fields = fields.subspan(count);
    }
    return members;
}

} // namespace

std::vector<JsonField> json_fields(std::span<const System* const> systems) {
    std::vector<JsonField> all(std::begin(document_fields), std::end(document_fields));
    const std::vector<FieldGroup> groups = groups_of(systems);
    const auto group_of = [&](std::string_view name) {
        return ranges::find(groups, name, &FieldGroup::name);
    };
    const auto add = [&](std::string_view name, std::string_view meaning) {
        const auto group = group_of(group_in(name));
        const JsonField field{group == groups.end() ? "socket" : group->object, member_in(name), meaning};
        const auto same = [&](const JsonField& other) {
            return other.object == field.object && other.name == field.name;
        };
        if (ranges::find_if(all, same) == all.end()) all.push_back(field);
    };
    const std::vector<Field> fields = fields_of(systems);
    for (const Field& field : fields) {
        for (std::size_t dot = field.name.find('.'); dot != field.name.npos;
             dot = field.name.find('.', dot + 1)) {
            const std::string_view outer = field.name.substr(0, dot);
            add(outer, group_of(outer)->meaning);
        }
        add(field.name, field.meaning);
    }
    return all;
}

void put_json_string(Text& out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::size_t taken = length == 0 ? 1 : length;
        const char lead = text[0];
        const char32_t code = length == 0 ? 0 : code_of(text.substr(0, length));
        if (length == 0) {
            put(out, "\xef\xbf\xbd");
        } else if (is_control(code)) {
            put(out, "\\u");
            put_hex(out, code, 4); // none of them is beyond U+FFFF
        } else {
            if (lead == '"' || lead == '\\') out.push_back('\\');
            put(out, text.substr(0, taken));
        }
        text.remove_prefix(taken);
    }
    out.push_back('"');
}

JsonSockets::JsonSockets(const HostFacts& host, const Names& names)
    : context_{&host, &names},
      members_(members_of(fields_of({&host.system, 1}), 0, groups_of({&host.system, 1}))) {}

void JsonSockets::put(Text& out, const Row& row) const { put_object(out, members_, {row, context_}); }

void put_json_head(Text& out, const HostFacts& host) {
    put(out, fmt::format("{{\"version\":{}", format_version));
    const auto member = [&](std::string_view name, std::string_view text) {
        if (text.empty()) return;
        put(out, fmt::format(",\"{}\":", name));
        put_json_string(out, text);
    };
    member("os", host.system->name);
    member("release", host.release);
    member("hostname", host.hostname);
    member("time", host.time);
    put(out, ",\"sockets\":[");
}

void put_json_tail(Text& out, std::span<const std::string> problems) {
    put(out, "\n],\"problems\":[");
    bool first = true;
    for (const std::string& problem : problems) {
        put(out, std::exchange(first, false) ? "\n" : ",\n");
        put_json_string(out, problem);
    }
    put(out, first ? "]}\n" : "\n]}\n");
}

} // namespace netstat46
