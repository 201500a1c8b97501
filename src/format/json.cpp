#include "format/json.hpp"

#include <utility>

#include "format/json_object.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

using namespace json;

constexpr int format_version = 1;

struct Head {};

constexpr Field<Head> head_fields[] = {
    {"version", "of this format: 1; it grows by members and changes its number if one changes its meaning",
     [](Text& out, const Head&, const JsonContext&) { return put_integer(out, format_version); }},
    {"os", "linux, darwin or freebsd: whose sockets they are",
     [](Text& out, const Head&, const JsonContext& look) { return put_text(out, look.host->system->name); }},
    {"release", "that kernel's release",
     [](Text& out, const Head&, const JsonContext& look) { return put_text(out, look.host->release); }},
    {"hostname", "that host's name",
     [](Text& out, const Head&, const JsonContext& look) { return put_text(out, look.host->hostname); }},
    {"time", "when the kernel was asked (RFC 3339)",
     [](Text& out, const Head&, const JsonContext& look) { return put_text(out, look.host->time); }},
};

constexpr JsonField tail_fields[] = {
    {"document", "sockets", "a line each, in the kernel's order"},
    {"document", "problems", "what standard error was told: damage, refusals, tables that changed meanwhile"},
};

} // namespace

std::vector<JsonField> json_fields() {
    std::vector<JsonField> all;
    describe(all, "document", head_fields);
    all.insert(all.end(), std::begin(tail_fields), std::end(tail_fields));
    describe_sockets(all);
    describe_facts(all);
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

void put_json_head(Text& out, const HostFacts& host) {
    out.push_back('{');
    put_members(out, head_fields, Head{}, {&host, nullptr});
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
