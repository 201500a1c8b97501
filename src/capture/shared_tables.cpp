// Host tables of captures: tab separated text.
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "capture/capture_dir.hpp"
#include "capture/decoders.hpp"
#include "messages.hpp"
#include "parse.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

using Fields = std::array<std::string, 7>;

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
    } else {
        out += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
                static_cast<char>(0x80 | (code & 0x3f))};
    }
}

Fields split(std::string_view line) {
    Fields fields;
    for (std::string& field : fields) {
        const std::size_t tab = line.find('\t');
        field = unescaped_field(line.substr(0, tab));
        if (tab == std::string_view::npos) break;
        line.remove_prefix(tab + 1);
    }
    return fields;
}

constexpr std::size_t longest_line = std::size_t{64} * 1024;
constexpr std::size_t most_addresses = 65536; // of one host
constexpr std::size_t most_rules = std::size_t{16} * 1024 * 1024;

/// A decoder that gives each line's fields to `take`, which refuses what it cannot read.
template <class Take>
HostTablesDecoder rows(const DecodeContext& context, Take take) {
    return [context, take](Bytes block, HostTables& tables) {
        for (std::string_view text = block.text(); !text.empty();) {
            const std::size_t at = block.offset() + block.size() - text.size();
            std::string_view line = take_line(text);
            if (line.ends_with('\r')) line.remove_suffix(1); // one in a name is escaped
            if (!line.empty() && (line.size() > longest_line || !take(split(line), tables)))
                context.problem({fmt::format(messages.damaged, context.interface, messages.not_entry, at)});
        }
    };
}

HostTablesDecoder processes(const DecodeContext& context) {
    return rows(context, [](Fields fields, HostTables& tables) {
        const auto pid = parse_number<std::int32_t>(fields[0]);
        if (!pid) return false;
        Process& process = tables.processes[*pid];
        process.name = std::move(fields[1]);
        process.uid = parse_number<std::uint32_t>(fields[2]);
        process.command = std::move(fields[3]);
        return true;
    });
}

HostTablesDecoder contexts(const DecodeContext& context) {
    return rows(context, [](Fields fields, HostTables& tables) {
        const auto pid = parse_number<std::int32_t>(fields[0]);
        if (!pid) return false;
        tables.processes[*pid].context = std::move(fields[1]);
        return true;
    });
}

/// Lines `number TAB name`.
template <std::map<std::uint32_t, std::string> HostTables::*table>
HostTablesDecoder numbered(const DecodeContext& context) {
    return rows(context, [](Fields fields, HostTables& tables) {
        const auto number = parse_number<std::uint32_t>(fields[0]);
        if (!number) return false;
        (tables.*table)[*number] = std::move(fields[1]);
        return true;
    });
}

/// Lines `key TAB name`.
template <std::map<std::string, std::string, std::less<>> HostTables::*table>
HostTablesDecoder keyed(const DecodeContext& context) {
    return rows(context, [](Fields fields, HostTables& tables) {
        (tables.*table)[std::move(fields[0])] = std::move(fields[1]);
        return true;
    });
}

std::optional<bool> flag(std::string_view text) {
    return text == "1" ? std::optional(true) : text == "0" ? std::optional(false) : std::nullopt;
}

HostTablesDecoder socket_options(const DecodeContext& context) {
    return rows(context, [](Fields fields, HostTables& tables) {
        const auto key = parse_number<std::uint64_t>(fields[0]);
        if (!key) return false;
        tables.ports.options[*key] = {flag(fields[1]), flag(fields[2]),
                                      flag(fields[3]), parse_number<std::int32_t>(fields[4]),
                                      flag(fields[5]), flag(fields[6])};
        return true;
    });
}

HostTablesDecoder addresses(const DecodeContext& context) {
    const HostTablesDecoder every = rows(context, [](Fields fields, HostTables& tables) {
        const auto address = parse_address(fields[0]);
        if (!address) return false;
        HostAddress own{*address, parse_number<std::uint32_t>(fields[1]).value_or(0),
                        parse_number<unsigned>(fields[2]).value_or(0), parse_address(fields[3])};
        if (is_link_local(own.address)) own.address.scope = own.interface;
        tables.ports.addresses.push_back(own);
        return true;
    });
    return [context, every, full = false](Bytes block, HostTables& tables) mutable {
        if (full) return;
        every(block, tables);
        full = tables.ports.addresses.size() > most_addresses;
        if (!full) return;
        tables.ports.addresses.resize(most_addresses);
        context.problem(
            {fmt::format(messages.damaged, context.interface, messages.more_addresses, block.offset())});
    };
}

/// Lines `group TAB interface TAB filtered`. An empty table is one too: no interface has joined any.
HostTablesDecoder groups(const DecodeContext& context) {
    const HostTablesDecoder read = rows(context, [](Fields fields, HostTables& tables) {
        const auto group = parse_address(fields[0]);
        const auto interface = parse_number<std::uint32_t>(fields[1]);
        if (!group || !interface) return false;
        tables.ports.groups->push_back({*group, *interface, flag(fields[2]).value_or(true)});
        return true;
    });
    return [read](Bytes block, HostTables& tables) {
        if (!tables.ports.groups) tables.ports.groups.emplace();
        read(block, tables);
    };
}

HostTablesDecoder first_unprivileged(const DecodeContext& context) {
    return rows(context, [](Fields fields, HostTables& tables) {
        tables.ports.first_unprivileged = parse_number<std::uint16_t>(fields[0]);
        return tables.ports.first_unprivileged.has_value();
    });
}

HostTablesDecoder nat_rules(const DecodeContext& context) {
    return [context](Bytes block, HostTables& tables) {
        const std::size_t room = most_rules - tables.ports.nat_rules.size();
        tables.ports.nat_rules += block.text().substr(0, room);
        if (block.size() > room)
            context.problem({fmt::format(messages.damaged, context.interface, messages.more_rules,
                                         block.offset() + room)});
    };
}

constexpr DecoderEntry tables[] = {
    {"processes.tsv", {}, 0, nullptr, processes},
    {"contexts.tsv", {}, 0, nullptr, contexts},
    {"interfaces.tsv", {}, 0, nullptr, numbered<&HostTables::interfaces>},
    {"services.tsv", {}, 0, nullptr, keyed<&HostTables::services>},
    {"hosts.tsv", {}, 0, nullptr, keyed<&HostTables::hosts>},
    {"users.tsv", {}, 0, nullptr, numbered<&HostTables::users>},
    {"socket_options.tsv", {}, 0, nullptr, socket_options},
    {"addresses.tsv", {}, 0, nullptr, addresses},
    {"groups.tsv", {}, 0, nullptr, groups},
    {"net.ipv4.ip_unprivileged_port_start", {}, 0, nullptr, first_unprivileged},
    {"nat_rules", {}, 0, nullptr, nat_rules},
};

} // namespace

std::string unescaped_field(std::string_view text) {
    constexpr std::string_view letters = "bfnrt\"\\/";
    constexpr std::string_view values = "\b\f\n\r\t\"\\/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 >= text.size()) {
            out += text[i];
            continue;
        }
        unsigned code = 0;
        const std::string_view hex = text.substr(i + 2, 4);
        if (text[i + 1] == 'u' && hex.size() == 4 &&
            std::from_chars(hex.data(), hex.data() + 4, code, 16).ptr == hex.data() + 4) {
            append_utf8(out, code);
            i += 5;
        } else if (const std::size_t known = letters.find(text[i + 1]); known != std::string_view::npos) {
            out += values[known];
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::span<const DecoderEntry> shared_tables() { return tables; }

} // namespace netstat46
