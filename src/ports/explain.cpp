#include "ports/explain.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "list.hpp"
#include "record/no_owner.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

std::string trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

/// The columns that tell sockets of one port apart: protocol, local address, owner.
using Brief = std::array<std::string, 3>;

Brief brief_of(const PortRows& rows, std::size_t row) {
    constexpr std::string_view titles[][2] = {
        {"Proto", "Proto"}, {"Local Address", "Local Address"}, {"PID/Program name", "process:pid"}};
    Brief brief;
    for (const Column& column : rows.columns) {
        const std::string title = trimmed(column.title);
        for (std::size_t i = 0; i < brief.size(); ++i) {
            if (title != titles[i][0] && title != titles[i][1]) continue;
            Text text;
            column.cell(text, with_owner(rows.table.sockets[row], rows.table.tables));
            brief[i] = trimmed(fmt::to_string(text));
        }
    }
    return brief;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : std::string(between)) + part;
    return text;
}

/// Of a socket that nobody is known to hold.
NoOwner why_no_owner(const PortTable& table, std::size_t row) {
    return why_no_owner(table.sockets[row], table.tables, table.host.system->owner_keys,
                        table.host.visibility);
}

bool has_no_owner(const PortTable& table, std::size_t row) {
    return table.tables.owners_of(table.sockets[row]).empty();
}

/// The owner's name, or in brackets why there is none.
std::string owner_of(const PortRows& rows, std::size_t row, const Brief& brief) {
    if (!has_no_owner(rows.table, row)) return brief[2];
    return fmt::format("({})", words_of(why_no_owner(rows.table, row)).word);
}

/// `tcp4 *.8888 com.docker:412 and tcp6 ::1.8888 com.docker:412`.
std::string names_of(const PortRows& rows, const std::vector<std::size_t>& which) {
    constexpr std::size_t enough = 3;
    std::vector<std::string> names;
    for (const std::size_t row : which) {
        if (names.size() == enough) break;
        const Brief brief = brief_of(rows, row);
        names.push_back(fmt::format("{} {} {}", brief[0], brief[1], owner_of(rows, row, brief)));
    }
    const std::string more = which.size() > enough ? fmt::format(" and {} more", which.size() - enough) : "";
    return joined(names, " and ") + more;
}

// ---- Verdicts in words

std::string users_of(const UserVerdict& users) {
    std::vector<std::string> names;
    for (const std::uint32_t user : users.users)
        names.push_back(user == 0 ? "root" : fmt::format("uid {}", user));
    if (users.everybody_else) names.emplace_back("everybody else");
    return joined(names, ", ");
}

std::string because(const BindVerdict& verdict, const PortRows& rows) {
    if (!verdict.because.empty()) return "because of " + names_of(rows, verdict.because);
    if (verdict.error == "EACCES") return "only root may bind this port";
    if (verdict.error == "EADDRNOTAVAIL") return "this host has no such address";
    if (verdict.error == "EINVAL")
        return "the address does not go with the socket's options or lacks its %interface";
    return "the system keeps this port for itself";
}

/// Each socket under its own doubt.
std::string words_of_doubts(const BindVerdict& verdict, const PortRows& rows) {
    const auto those = [&](Doubt doubt) {
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < verdict.because.size(); ++i)
            if (verdict.doubts[i] == doubt) which.push_back(verdict.because[i]);
        return names_of(rows, which);
    };
    const std::string options = those(Doubt::Option);
    const std::string v6only = those(Doubt::V6Only);
    const std::string order = those(Doubt::Order);
    const std::string user = those(Doubt::HolderUser);
    const std::string domain = those(Doubt::RoutingDomain);
    std::vector<std::string> parts;
    if (!options.empty())
        parts.push_back(fmt::format("on the reuse options of {}, which cannot be read", options));
    if (!v6only.empty()) parts.push_back(fmt::format("on V6ONLY of {}, which is not known here", v6only));
    if (!order.empty())
        parts.push_back(fmt::format("on which socket the kernel meets first: {} would refuse it", order));
    if (!user.empty()) parts.push_back(fmt::format("on whose {} is, which no descriptor tells", user));
    if (!domain.empty()) parts.push_back(fmt::format("on whether {} is in the same routing domain", domain));
    const std::string_view otherwise = !options.empty()  ? "; without them "
                                       : !v6only.empty() ? "; else "
                                                         : "";
    return fmt::format("depends  {}{}{}", joined(parts, "; and "), otherwise,
                       otherwise.empty() ? std::string_view{} : verdict.error);
}

std::string words_of(const BindVerdict& verdict, const PortRows& rows) {
    if (verdict.outcome == Outcome::Ok) return "ok";
    if (verdict.outcome == Outcome::Refused)
        return fmt::format("{}  {}", verdict.error, because(verdict, rows));
    if (!verdict.doubts.empty()) return words_of_doubts(verdict, rows);
    const std::string who = names_of(rows, verdict.because);
    switch (verdict.doubt) {
    case Doubt::ReuseportCache:
        return fmt::format(
            "depends  {} by rule, because of {}; what Linux remembers of earlier SO_REUSEPORT sockets "
            "may let it in",
            verdict.error, who);
    default:
        return "depends  on the user";
    }
}

std::vector<std::string> lines_of(const BindAnswer& answer, const PortRows& rows) {
    std::vector<std::string> lines;
    for (const UserVerdict& users : answer.by_user)
        lines.push_back(fmt::format("for {}: {}", users_of(users), words_of(users.verdict, rows)));
    if (lines.empty()) lines.push_back(words_of(answer.verdict, rows));
    if (answer.verdict.outcome != Outcome::Refused && !answer.intercepted_by.empty())
        lines.push_back(fmt::format("intercepted  by a nat rule: {}", cleaned(answer.intercepted_by)));
    return lines;
}

std::string ends_of(const BindLine& line) {
    if (line.answer.verdict.outcome != Outcome::Ok) return {};
    return line.gets.empty() ? ", but would get nothing: shadowed"
                             : ", and would get " + joined(line.gets, ", ");
}

// ---- Tables

/// Rows of cells under each other, the last one as long as it gets.
void put_table(Text& out, const std::vector<std::vector<std::string>>& lines) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i + 1 < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    }
    for (const auto& line : lines) {
        std::string text;
        std::size_t column = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            text.resize(std::max(text.size(), column), ' ');
            text += line[i];
            column += widths[i] + (i == 0 ? 3 : 2);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        put(out, text);
        out.push_back('\n');
    }
}

void put_answers(Text& out, const Explanation& explanation, const PortRows& rows) {
    const bool tcp = explanation.target.protocol == Protocol::Tcp;
    std::vector<std::vector<std::string>> lines{
        {tcp ? "A client that connects to" : "A datagram that is sent to",
         tcp ? "is answered by" : "is received by"}};
    for (const AnswerLine& line : explanation.answers) {
        std::string to = "  " + joined(line.to, ", ");
        const std::string why = line.why.empty() ? "" : fmt::format("({})", line.why);
        const AnswerVerdict& verdict = line.answer.verdict;
        if (!line.answer.intercepted_by.empty())
            lines.push_back(
                {std::exchange(to, ""), "whom a nat rule names: " + cleaned(line.answer.intercepted_by)});
        if (verdict.who.empty() && line.answer.intercepted_by.empty())
            lines.push_back({std::exchange(to, ""), "nobody",
                             verdict.silent.empty() ? "" : names_of(rows, verdict.silent), "", why});
        for (const std::size_t row : verdict.who) {
            const Brief brief = brief_of(rows, row);
            const bool last = row == verdict.who.back();
            lines.push_back(
                {std::exchange(to, ""), brief[0], brief[1], owner_of(rows, row, brief), last ? why : ""});
        }
        if (verdict.maybe_nobody && !verdict.who.empty()) lines.push_back({"", "or nobody"});
    }
    // Lines of fewer cells do not widen the others.
    put_table(out, lines);
}

void put_binds(Text& out, const Explanation& explanation, const PortRows& rows) {
    std::vector<std::vector<std::string>> lines{{"A program that binds", "would get"}};
    for (const BindLine& bind : explanation.binds) {
        std::string what = fmt::format("  {:<13} {}", bind.address, bind.programs);
        for (const std::string& line : lines_of(bind.answer, rows))
            lines.push_back({std::exchange(what, ""), line + ends_of(bind)});
    }
    put_table(out, lines);
}

/// Why some owners are `-`: a sentence for each reason, and of how many sockets if there are several.
void put_owner_note(Text& out, std::span<const std::size_t> which, const PortRows& rows) {
    std::map<NoOwner, std::vector<std::size_t>> reasons;
    for (const std::size_t row : which)
        if (has_no_owner(rows.table, row)) reasons[why_no_owner(rows.table, row)].push_back(row);
    for (const auto& [reason, those] : reasons) {
        std::vector<const BoundSocket*> bound_sockets;
        for (const std::size_t row : those) bound_sockets.push_back(&rows.table.bound_sockets[row]);
        const std::string of = reasons.size() > 1 ? " of " + counted(bound_sockets) : "";
        put(out, fmt::format("Owner `-'{}: {}.\n", of, words_of(reason).sentence));
    }
}

std::string_view why_nobody(const WhoAnswer& answer) {
    if (answer.elsewhere) return " here: it is no address of this host";
    if (answer.unconnectable) return ": TCP does not connect to a multicast or broadcast address";
    if (answer.unjoined) return ": no interface has joined this group";
    return {};
}

std::string unread(const NatKnown& nat) {
    return fmt::format("NAT rules could not be read: {}", cleaned(nat.reason));
}

/// A line on where a nat rule leads, or nothing.
std::string lead_in_words(std::string_view where, const WhoAnswer& answer, const LedTo& led) {
    if (!answer.leads_to) return {};
    const std::string there = written(answer.leads_to->address, answer.leads_to->port);
    if (led.rows == nullptr) return fmt::format("{}: it leads to {}\n", where, there);
    return fmt::format("{}: it leads to {}, answered by {}\n", where, there,
                       led.who.empty() ? "nobody" : names_of(*led.rows, led.who));
}

} // namespace

void put_rows(Text& out, const PortRows& rows, std::span<const std::size_t> which, bool heading) {
    if (heading) {
        put(out, heading_of(rows.columns));
        out.push_back('\n');
    }
    for (const std::size_t row : which) {
        put_row(out, rows.columns, with_owner(rows.table.sockets[row], rows.table.tables));
        out.push_back('\n');
    }
}

void put_explanation(Text& out, const Explanation& explanation, const PortRows& rows) {
    put(out, explanation.headline);
    out.push_back('\n');
    if (!explanation.rows.empty()) {
        out.push_back('\n');
        put_rows(out, rows, explanation.rows, true);
    }
    put_owner_note(out, explanation.rows, rows);
    if (explanation.nat.state == NatKnown::State::NotRead)
        put(out, fmt::format("{}\n", unread(explanation.nat)));
    if (!explanation.rows.empty() || !explanation.intercepted_by.empty()) {
        out.push_back('\n');
        put_answers(out, explanation, rows);
    }
    out.push_back('\n');
    put_binds(out, explanation, rows);
}

void put_bind_answer(Text& out, const BindRequest& request, const BindAnswer& answer, const PortRows& rows) {
    const std::string where =
        fmt::format("{} {}", name_of(request.protocol), written(request.address, request.port, rows.names));
    for (const std::string& line : lines_of(answer, rows)) put(out, fmt::format("{}: {}\n", where, line));
    if (answer.assumes_local)
        put(out, fmt::format("{}: if that is an address of the host, which is not known here\n", where));
    if (answer.verdict.because.empty()) return;
    out.push_back('\n');
    put_rows(out, rows, answer.verdict.because, true);
}

void put_who_answers(Text& out, const PortTarget& target, const WhoAnswer& answer, const PortRows& rows,
                     const LedTo& led) {
    const AnswerVerdict& verdict = answer.verdict;
    put_rows(out, rows, verdict.who, false);
    const std::string where =
        fmt::format("{} {}", name_of(target.protocol), written(*target.address, target.port, rows.names));
    if (!answer.intercepted_by.empty())
        put(out, fmt::format("{}: a nat rule takes it first: {}\n{}", where, cleaned(answer.intercepted_by),
                             lead_in_words(where, answer, led)));
    else if (verdict.who.empty())
        put(out, fmt::format("{}: nobody{}\n", where, why_nobody(answer)));
    if (answer.depends_on_nat()) put(out, fmt::format("{}: depends: {}\n", where, unread(answer.nat)));
    for (const std::size_t row : verdict.silent)
        put(out,
            fmt::format("{}: {} is bound without listening and refuses it\n", where, names_of(rows, {row})));
    for (const std::size_t row : verdict.who)
        if (has_no_owner(rows.table, row) && why_no_owner(rows.table, row) == NoOwner::Kernel)
            put(out, fmt::format("{}: {}: {}\n", where, names_of(rows, {row}),
                                 words_of(NoOwner::Kernel).sentence));
    if (verdict.copies && verdict.who.size() > 1 && verdict.doubt == Doubt::None)
        put(out, fmt::format("{}: each of these receives a copy\n", where));
    const std::string why = doubt_in_words(verdict.doubt);
    if (!why.empty())
        put(out, fmt::format("{}: {}{}\n", where, why, verdict.maybe_nobody ? "; or nobody" : ""));
}

} // namespace netstat46
