#include "record/select.hpp"

#include <algorithm>
#include <array>

#include <fnmatch.h>

#include <fmt/format.h>

#include "parse.hpp"
#include "record/address.hpp"
#include "text.hpp"

namespace netstat46 {
namespace {

// ---- States

enum class UnixState : std::uint8_t { Free, Unconnected, Connecting, Connected, Disconnecting }; // SS_*

std::string_view tcp_word(State state) {
    constexpr std::array<std::string_view, 13> words{
        "",           "closed",     "bound",   "listen",   "syn_sent",   "syn_received", "established",
        "close_wait", "fin_wait_1", "closing", "last_ack", "fin_wait_2", "time_wait"};
    return words[static_cast<std::size_t>(state)];
}

/// Linux gives a state; a BSD socket has one if it knows the connection's other end.
std::string_view unix_word(const SocketRecord& socket) {
    const UnixFacts& facts = unix_facts(socket);
    const bool listens = (facts.flags & unix_accepting) != 0 || socket.accepts || socket.backlog;
    switch (static_cast<UnixState>(facts.state)) {
    case UnixState::Unconnected:
        return listens ? "listen" : "unconnected";
    case UnixState::Connecting:
        return "connecting";
    case UnixState::Connected:
        return "established";
    case UnixState::Disconnecting:
        return "disconnecting";
    case UnixState::Free:
        break;
    }
    if (listens) return "listen";
    return facts.peer != 0 ? "established" : "unconnected";
}

// ---- Does a socket satisfy it?

bool holds(const std::vector<PortRange>& ranges, std::uint16_t port, Protocol protocol) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const PortRange& range) {
        return range.first <= port && port <= range.last && range.protocol.value_or(protocol) == protocol;
    });
}

bool has_ports(const SocketRecord& socket) {
    return socket.protocol != Protocol::Raw && socket.protocol != Protocol::Unix &&
           socket.protocol != Protocol::KernelControl && socket.protocol != Protocol::Other;
}

bool in_scope(const AddressRange& range, const Address& address, const SocketRecord& socket,
              const Names& names) {
    if (range.scope.empty()) return true;
    const std::uint32_t scope = scope_of(address, socket);
    return scope != 0 && (fmt::to_string(scope) == range.scope || names.interface(scope) == range.scope);
}

bool in_range(const AddressRange& range, const Address& address, const SocketRecord& socket,
              const Names& names) {
    const Address compared = range.address.family == Family::Inet ? unmapped(address) : address;
    return same_leading_bits(compared, range.address, range.length) &&
           in_scope(range, address, socket, names);
}

using Predicate = std::function<bool(const SocketRecord&)>;

Predicate ports_predicate(const Selection& selection) {
    return [=](const SocketRecord& socket) {
        const auto fits = [&](const std::vector<PortRange>& ranges, std::uint16_t port) {
            return ranges.empty() || holds(ranges, port, socket.protocol);
        };
        return has_ports(socket) &&
               (fits(selection.ports, socket.local.port) || fits(selection.ports, socket.foreign.port)) &&
               fits(selection.local_ports, socket.local.port) &&
               fits(selection.foreign_ports, socket.foreign.port);
    };
}

Predicate addresses_predicate(std::vector<AddressRange> ranges, const Names& names) {
    return [ranges = std::move(ranges), &names](const SocketRecord& socket) {
        return std::any_of(ranges.begin(), ranges.end(), [&](const AddressRange& range) {
            return in_range(range, socket.local.address, socket, names) ||
                   in_range(range, socket.foreign.address, socket, names);
        });
    };
}

/// Any holder for which `fits` says so.
template <class Fits>
Predicate owners_predicate(const HostTables& side, Fits fits) {
    return [&side, fits = std::move(fits)](const SocketRecord& socket) {
        const std::vector<Owner> owners = side.owners_of(socket);
        return std::any_of(owners.begin(), owners.end(),
                           [&](const Owner& owner) { return fits(owner, side.process(owner.pid)); });
    };
}

template <class List, class Value>
bool contains(const List& list, const Value& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

Predicate users_predicate(std::vector<std::uint32_t> users, const HostTables& side) {
    auto held = owners_predicate(side, [users](const Owner&, const Process* process) {
        return process != nullptr && process->uid && contains(users, *process->uid);
    });
    return [users = std::move(users), held = std::move(held)](const SocketRecord& socket) {
        return socket.uid ? contains(users, *socket.uid) : held(socket);
    };
}

std::vector<Predicate> predicates(const Selection& selection, const HostTables& side, const Names& names) {
    std::vector<Predicate> all;
    if (!selection.states.empty())
        all.push_back([states = selection.states](const SocketRecord& socket) {
            return contains(states, state_word(socket));
        });
    if (selection.v6only)
        all.push_back([wanted = *selection.v6only ? V6Only::Yes : V6Only::No](const SocketRecord& socket) {
            return socket.v6only == wanted;
        });
    if (!selection.ports.empty() || !selection.local_ports.empty() || !selection.foreign_ports.empty())
        all.push_back(ports_predicate(selection));
    if (!selection.addresses.empty()) all.push_back(addresses_predicate(selection.addresses, names));
    if (!selection.users.empty()) all.push_back(users_predicate(selection.users, side));
    if (!selection.pids.empty())
        all.push_back(owners_predicate(side, [pids = selection.pids](const Owner& owner, const Process*) {
            return contains(pids, owner.pid);
        }));
    if (!selection.commands.empty())
        all.push_back(owners_predicate(
            side, [patterns = selection.commands](const Owner& owner, const Process* process) {
                return process != nullptr &&
                       std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
                           return is_command(pattern, owner.pid, *process);
                       });
            }));
    return all;
}

} // namespace

bool is_command(const std::string& pattern, std::int32_t pid, const Process& process) {
    constexpr std::size_t shown_length = 19; // of Linux's cell
    const std::size_t plus = pattern.rfind('+');
    const bool counted = plus != std::string::npos && plus > 0 && pattern.find('/') < plus &&
                         is_digits(pattern.substr(plus + 1));
    if (counted && is_command(pattern.substr(0, plus) + "*", pid, process)) return true; // `812/nginx+3`
    const std::string name = cleaned(process.name), cell = fmt::format("{}/{}", pid, name);
    std::string cut = cell.substr(0, shown_length);
    const std::string shown[] = {process.name,
                                 process.command,
                                 name,
                                 cell,
                                 cut,
                                 cut.substr(std::min(cut.find('/') + 1, cut.size())),
                                 fmt::format("{}:{}", name, pid)};
    return std::any_of(std::begin(shown), std::end(shown), [&](std::string text) {
        const auto fits = [&] {
            return !text.empty() && (text == pattern || fnmatch(pattern.c_str(), text.c_str(), 0) == 0);
        };
        if (fits()) return true;
        std::replace_if(
            text.begin(), text.end(), [](char c) { return c == ' ' || c == ':'; }, '_'); // as a pipe gets it
        return fits();
    });
}

bool Selection::empty() const {
    return ports.empty() && local_ports.empty() && foreign_ports.empty() && addresses.empty() &&
           pids.empty() && commands.empty() && users.empty() && states.empty() && !v6only;
}

bool Selection::internet_only() const {
    return !ports.empty() || !local_ports.empty() || !foreign_ports.empty() || !addresses.empty() || v6only;
}

bool Selection::needs_owners() const { return !pids.empty() || !commands.empty() || !users.empty(); }

std::string_view state_word(const SocketRecord& socket) {
    switch (socket.protocol) {
    case Protocol::Tcp:
    case Protocol::Sctp:
    case Protocol::Multipath:
        return tcp_word(socket.state);
    case Protocol::Unix:
        return unix_word(socket);
    case Protocol::Udp:
    case Protocol::UdpLite:
    case Protocol::Raw:
        return is_unspecified(socket.foreign.address) && socket.foreign.port == 0 ? "unconnected"
                                                                                  : "established";
    case Protocol::KernelControl:
    case Protocol::Other:
        break;
    }
    return {};
}

std::uint32_t scope_of(const Address& address, const SocketRecord& socket) {
    if (address.scope != 0) return address.scope;
    return is_link_local(address) ? socket.device : 0;
}

std::function<bool(const SocketRecord&)> selector(const Selection& selection, const HostTables& side,
                                                  const Names& names) {
    return [all = predicates(selection, side, names)](const SocketRecord& socket) {
        return std::all_of(all.begin(), all.end(),
                           [&](const Predicate& satisfied) { return satisfied(socket); });
    };
}

KernelFilter kernel_filter(const Selection& selection) {
    return {selection.ports, selection.local_ports, selection.foreign_ports, selection.addresses};
}

std::uint32_t selected_states(const Selection& selection) {
    std::uint32_t states = 0;
    for (unsigned number = 0; number <= static_cast<unsigned>(State::TimeWait); ++number) {
        const State state{static_cast<std::uint8_t>(number)};
        if (contains(selection.states, tcp_word(state))) states |= state_bit(state);
    }
    return states;
}

} // namespace netstat46
