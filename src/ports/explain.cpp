#include "ports/explain.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>

#include "list.hpp"
#include "ports/holders.hpp"
#include "ports/lines.hpp"
#include "record/no_owner.hpp"
#include "system.hpp"

namespace netstat46 {
namespace {

std::string trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

/// What distinguishes sockets of one port: protocol, local address, owner.
using Brief = std::array<std::string, 3>;

Brief brief_of(const PortRows& rows, std::size_t row) {
    constexpr Role roles[] = {Role::Protocol, Role::LocalAddress, Role::Owner};
    Brief brief;
    for (std::size_t i = 0; i < brief.size(); ++i) {
        const auto column = ranges::find(rows.columns, roles[i], &Column::role);
        if (column == rows.columns.end()) continue;
        Text text;
        column->cell(text, with_owner(rows.table.sockets[row], rows.table.tables));
        brief[i] = trimmed(fmt::to_string(text));
    }
    return brief;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : std::string(between)) + part;
    return text;
}

/// The owner's name, or in brackets why there is none.
std::string owner_of(const PortRows& rows, std::size_t row, const Brief& brief) {
    if (!has_no_owner(rows.table, row)) return brief[2];
    const PortTable& table = rows.table;
    return fmt::format("({})", words_of(why_no_owner(table, row)).word);
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

/// An errno as people read it.
std::string_view error_in_words(std::string_view error) {
    if (error == "EADDRINUSE") return "address in use";
    if (error == "EACCES") return "not permitted";
    if (error == "EADDRNOTAVAIL") return "not an address of this host";
    return "not possible";
}

std::string_view why_refused(std::string_view error) {
    if (error == "EACCES") return "needs root's privilege, on Linux CAP_NET_BIND_SERVICE";
    if (error == "EADDRNOTAVAIL") return "";
    if (error == "EINVAL")
        return "the address does not go with the socket's options, or lacks its %interface";
    return "the system reserves this port";
}

std::string refused_in_words(const BindVerdict& verdict, const PortRows& rows) {
    const std::string who = verdict.because.empty() ? std::string(why_refused(verdict.error))
                                                    : holders_in_words(rows.table, verdict.because);
    return fmt::format("refused ({}){}{} ({})", error_in_words(verdict.error), who.empty() ? "" : ": ", who,
                       verdict.error);
}

/// Each socket under its own doubt.
std::string words_of_doubts(const BindVerdict& verdict, const PortRows& rows) {
    const auto those = [&](Doubt doubt) {
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < verdict.because.size(); ++i)
            if (verdict.doubts[i] == doubt) which.push_back(verdict.because[i]);
        return holders_in_words(rows.table, which);
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
    if (otherwise.empty()) return fmt::format("depends {}", joined(parts, "; and "));
    return fmt::format("depends {}{}refused ({}) ({})", joined(parts, "; and "), otherwise,
                       error_in_words(verdict.error), verdict.error);
}

std::string words_of(const BindVerdict& verdict, const PortRows& rows) {
    if (verdict.outcome == Outcome::Ok) return "works";
    if (verdict.outcome == Outcome::Refused) return refused_in_words(verdict, rows);
    if (!verdict.doubts.empty()) return words_of_doubts(verdict, rows);
    if (verdict.doubt != Doubt::ReuseportCache) return "depends on the user";
    return fmt::format(
        "depends: {} by rule; what Linux remembers of earlier SO_REUSEPORT sockets may let it in",
        refused_in_words(verdict, rows));
}

/// What it would receive, in words: `all IPv4`.
std::string ends_of(const std::vector<std::string>& gets) {
    std::vector<std::string> all;
    for (std::string to : gets) {
        if (to.starts_with("any ")) to.replace(0, 3, "all");
        all.push_back(std::move(to));
    }
    return enumerated(all, " and ");
}

std::vector<std::string> lines_of(const BindAnswer& answer, const PortRows& rows) {
    std::vector<std::string> lines;
    for (const UserVerdict& users : answer.by_user)
        lines.push_back(fmt::format("for {}: {}", users_of(users), words_of(users.verdict, rows)));
    if (lines.empty()) lines.push_back(words_of(answer.verdict, rows));
    if (answer.verdict.outcome != Outcome::Refused && !answer.intercepted_by.empty())
        lines.push_back(fmt::format("redirected by NAT rule: {}", cleaned(answer.intercepted_by)));
    return lines;
}

std::string cures_in_words(const std::vector<std::string>& cures) {
    return cures.empty() ? std::string() : fmt::format("-> {}", enumerated(cures, " or "));
}

/// The same, of a program that would be there.
std::vector<std::string> lines_of(const BindLine& line, const PortRows& rows) {
    std::vector<std::string> lines = lines_of(line.answer, rows);
    if (line.answer.verdict.outcome == Outcome::Ok) {
        if (line.gets.empty())
            lines.front() = "receives nothing, although the bind works: shadowed";
        else
            lines.front() += ", receives " + ends_of(line.gets);
    }
    if (!line.cures.empty()) lines.back() += " " + cures_in_words(line.cures);
    return lines;
}

// ---- Tables

/// `to` in pieces that leave room for what stands beside them.
std::vector<std::string> pieces_of(const std::vector<std::string>& to) {
    constexpr std::size_t room = 25;
    std::vector<std::string> pieces;
    for (const std::string& each : to) {
        if (!pieces.empty() && pieces.back().size() + 2 + each.size() <= room)
            pieces.back() += ", " + each;
        else
            pieces.push_back("  " + each);
    }
    return pieces;
}

/// What stands beside the pieces: cells of one socket each, or one sentence.
std::vector<std::vector<std::string>> beside(const AnswerLine& line, const PortRows& rows, bool tcp) {
    std::vector<std::vector<std::string>> right;
    const AnswerVerdict& verdict = line.answer.verdict;
    const bool redirected = !line.answer.intercepted_by.empty();
    if (redirected) right.push_back({"redirected by NAT rule: " + cleaned(line.answer.intercepted_by)});
    if (verdict.who.empty() && !redirected) {
        const std::string silent = verdict.silent.empty() ? "" : names_of(rows, verdict.silent) + ": ";
        const std::string_view refusal = tcp ? "connection refused" : "port unreachable";
        right.push_back({fmt::format("nobody: {}{}", silent, line.why.empty() ? refusal : line.why)});
        return right;
    }
    for (const std::size_t row : verdict.who) {
        const Brief brief = brief_of(rows, row);
        right.push_back({brief[0], brief[1], owner_of(rows, row, brief)});
    }
    if (verdict.maybe_nobody && !verdict.who.empty()) right.push_back({"or nobody"});
    if (!line.why.empty()) right.push_back({fmt::format("({})", line.why)});
    return right;
}

void put_binds(Text& out, const Explanation& explanation, const PortRows& rows) {
    const bool tcp = explanation.target.protocol == Protocol::Tcp;
    std::vector<std::vector<std::string>> lines{
        {tcp ? "If a program now listens on" : "If a program now binds", ""}};
    for (const BindLine& bind : explanation.binds) {
        std::string what = fmt::format("  {:<11} {}", bind.address, bind.programs);
        for (const std::string& line : lines_of(bind, rows)) lines.push_back({std::exchange(what, ""), line});
    }
    put_cells(out, lines);
}

bool is_kernels(const PortTable& table, std::size_t row) {
    return why_no_owner(table, row) == NoOwner::Kernel;
}

std::string_view why_nobody(Protocol protocol, const WhoAnswer& answer) {
    if (answer.elsewhere) return ": not an address of this host";
    if (answer.unconnectable) return ": TCP does not connect to a multicast or broadcast address";
    if (answer.unjoined) return ": no interface has joined this multicast group";
    return protocol == Protocol::Tcp ? ": connection refused" : ": port unreachable";
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

void put_fitted_rows(Text& out, const PortRows& rows, std::span<const std::size_t> which) {
    std::vector<std::vector<std::string>> lines(1);
    for (const Column& column : rows.columns) lines.front().push_back(trimmed(column.title));
    for (const std::size_t row : which) {
        lines.emplace_back();
        for (const Column& column : rows.columns) {
            Text cell;
            column.cell(cell, with_owner(rows.table.sockets[row], rows.table.tables));
            lines.back().push_back(trimmed(fmt::to_string(cell)));
        }
    }
    const Gaps gaps = fit_columns(lines);
    put_cells(out, lines, Overlong::Cut, gaps);
}

void put_answers(Text& out, const Explanation& explanation, const PortRows& rows) {
    const bool tcp = explanation.target.protocol == Protocol::Tcp;
    std::vector<std::vector<std::string>> lines{
        {tcp ? "A client that connects to" : "A datagram that is sent to",
         tcp ? "is answered by" : "is received by"}};
    for (const AnswerLine& line : explanation.answers) {
        const std::vector<std::string> left = pieces_of(line.to);
        const auto right = beside(line, rows, tcp);
        for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
            std::vector<std::string> cells{i < left.size() ? left[i] : ""};
            if (i < right.size()) cells.insert(cells.end(), right[i].begin(), right[i].end());
            if (cells.size() == 1) cells.emplace_back();
            lines.push_back(std::move(cells));
        }
    }
    put_cells(out, lines);
}

void put_explanation(Text& out, const Explanation& explanation, const PortRows& rows) {
    put(out, explanation.headline);
    out.push_back('\n');
    if (!explanation.rows.empty()) {
        out.push_back('\n');
        put_fitted_rows(out, rows, explanation.rows);
        out.push_back('\n');
        put_holders(out, rows, explanation.rows);
    }
    put_leftover_note(out, rows.table, explanation.rows);
    put_owner_note(out, explanation.rows, rows);
    if (explanation.nat.state == NatKnown::State::NotRead) put_wrapped(out, unread(explanation.nat));
    if (!explanation.rows.empty() || !explanation.intercepted_by.empty()) {
        out.push_back('\n');
        put_answers(out, explanation, rows);
    }
    out.push_back('\n');
    put_binds(out, explanation, rows);
}

void put_bind_answer(Text& out, const BindRequest& request, const BindAnswer& answer,
                     const std::vector<std::string>& cures, const PortRows& rows) {
    const std::string where =
        fmt::format("{} {}", name_of(request.protocol), written(request.address, request.port, rows.names));
    for (const std::string& line : lines_of(answer, rows))
        put_wrapped(out, fmt::format("{}: {}", where, line));
    if (!cures.empty()) put_wrapped(out, fmt::format("{}: {}", where, cures_in_words(cures)));
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
        put(out, fmt::format("{}: redirected by NAT rule: {}\n{}", where, cleaned(answer.intercepted_by),
                             lead_in_words(where, answer, led)));
    else if (verdict.who.empty())
        put(out, fmt::format("{}: nobody{}\n", where, why_nobody(target.protocol, answer)));
    if (answer.depends_on_nat()) put(out, fmt::format("{}: depends: {}\n", where, unread(answer.nat)));
    for (const std::size_t row : verdict.silent)
        put(out,
            fmt::format("{}: {} is bound without listening and refuses it\n", where, names_of(rows, {row})));
    for (const std::size_t row : verdict.who)
        if (has_no_owner(rows.table, row) && is_kernels(rows.table, row))
            put(out, fmt::format("{}: {}: {}\n", where, names_of(rows, {row}),
                                 words_of(NoOwner::Kernel).sentence));
    if (verdict.copies && verdict.who.size() > 1 && verdict.doubt == Doubt::None)
        put(out, fmt::format("{}: each of these receives a copy\n", where));
    const std::string why = doubt_in_words(verdict.doubt);
    if (!why.empty())
        put(out, fmt::format("{}: {}{}\n", where, why, verdict.maybe_nobody ? "; or nobody" : ""));
}

} // namespace netstat46
