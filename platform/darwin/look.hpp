// The look of Darwin's netstat in parts: its flags, its columns, its plan.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "format/dialect.hpp"

namespace netstat46::darwin_look {

enum class Choice : std::uint8_t { All, Inet, Inet6, Unix, System, Nothing };

struct Flags {
    bool addresses = false;      ///< -A
    bool all = false;            ///< -a
    bool bytes = false;          ///< -b
    bool drops = false;          ///< -d
    bool wide = false;           ///< -l
    bool queues = false;         ///< -L
    bool numeric = false;        ///< -n
    bool uncut = false;          ///< -W
    int verbose = 0;             ///< -v, as often as given
    Choice family = Choice::All; ///< -f
    std::string_view protocol;   ///< -p, a name that netstat knows; empty: all
    bool old = false;            ///< network_cmds-606
    bool old_widths = false;     ///< which leaves IPv4 addresses narrow with -l
};

/// What the cells of one plan share.
struct View {
    Flags flags;
    bool classic = false;
    bool darwin_records = false; ///< the sockets are a Darwin kernel's
    const Names* names = nullptr;
};

/// One of the internet protocols that netstat lists.
struct InetProtocol {
    std::string_view name;
    Protocol protocol = Protocol::Tcp;
    std::int32_t number = 0;
};

/// One end of a socket as `host.port`, cut and padded to its column.
Cell endpoint_cell(const View& view, std::string_view protocol, bool local);

std::vector<Column> inet_columns(const View& view, const InetProtocol& protocol);
std::vector<Column> unix_columns(const View& view);
std::vector<Column> registration_columns(const View& view); ///< of kernel control modules
std::vector<Column> event_columns(const View& view);        ///< of kernel event sockets
std::vector<Column> control_columns(const View& view);      ///< of kernel control sockets

/// Of TCP or UDP sockets, as -an lists them in the look that `flags` begins with.
std::vector<Column> usual_columns(Flags flags, Protocol protocol, const PlanContext& context);

/// What the native options list.
Plan plan_of(Flags flags, const PlanContext& context);

} // namespace netstat46::darwin_look
