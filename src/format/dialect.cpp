#include "format/dialect.hpp"

#include <fmt/compile.h>

namespace netstat46 {

Names shown_names(Names names, const Numeric& numeric) {
    const Names none;
    if (numeric.hosts) {
        names.host = none.host;
        names.network = none.network;
        names.host_waits = false;
    }
    if (numeric.ports) {
        names.service = none.service;
        names.ip_protocol = none.ip_protocol;
    }
    if (numeric.users) names.user = none.user;
    return names;
}

Message as_mistake(Message message, const Arguments& arguments) {
    message.sentence = arguments.mistake;
    if (arguments.unknown) message.option = arguments.options.back().name;
    return message;
}

std::string heading_of(std::span<const Column> columns) {
    Text out;
    for (const Column& column : columns) {
        put(out, column.gap);
        const std::size_t start = out.size();
        put(out, column.title);
        justify(out, start, column.title_width);
    }
    return fmt::to_string(out);
}

void put_row(Text& out, std::span<const Column> columns, const Row& row) {
    for (const Column& column : columns) {
        if (column.gap.size() == 1) {
            out.push_back(column.gap.front());
        } else if (!column.gap.empty()) {
            put(out, column.gap);
        }
        const std::size_t start = out.size();
        column.cell(out, row);
        if (column.width != 0) justify(out, start, column.width);
    }
}

Column v6only_column() {
    return {" ", "V6ONLY", 0, 0, [](Text& out, const Row& row) {
                switch (row.socket.v6only) {
                case V6Only::Yes:
                    return put(out, "yes");
                case V6Only::No:
                    return put(out, "no");
                case V6Only::Unknown:
                    return put(out, "?");
                case V6Only::NotApplicable:
                    break;
                }
                put(out, "-");
            }};
}

std::string other_holders(const Row& row) {
    const std::size_t others = row.tables.owners.other_processes(row.socket.owner_key);
    return others == 0 ? std::string() : fmt::format("+{}", others);
}

Column process_pid_column() {
    return {" ",
            "process:pid",
            -22,
            -22,
            [](Text& out, const Row& row) {
                if (!row.owner) return put(out, "-");
                const Process* process = row.tables.process(row.owner->pid);
                if (process == nullptr || process->name.empty()) {
                    put(out, "-");
                } else {
                    put_clean(out, process->name);
                }
                fmt::format_to(std::back_inserter(out), FMT_COMPILE(":{}"), row.owner->pid);
                put(out, other_holders(row));
            },
            Role::Owner};
}

} // namespace netstat46
