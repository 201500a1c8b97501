// The look of net-tools' netstat in parts: its flags, its columns, its plan.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/dialect.hpp"

namespace netstat46::linux_look {

/// A family as -A and the long options name it.
struct FamilyName {
    std::string_view name;
    enum class Means : std::uint8_t { Inet, Inet6, Unix, Nothing, Absent } means;
    std::string_view missing; ///< what net-tools says it has no support for
};

inline constexpr FamilyName family_names[] = {
    {"inet", FamilyName::Means::Inet, {}},          {"ip", FamilyName::Means::Inet, {}},
    {"inet6", FamilyName::Means::Inet6, {}},        {"ip6", FamilyName::Means::Inet6, {}},
    {"unix", FamilyName::Means::Unix, {}},          {"tcpip", FamilyName::Means::Inet, {}},
    {"ddp", FamilyName::Means::Nothing, {}},        {"appletalk", FamilyName::Means::Nothing, {}},
    {"ash", FamilyName::Means::Nothing, {}},        {"econet", FamilyName::Means::Nothing, {}},
    {"ipx", FamilyName::Means::Absent, "AF IPX"},   {"ax25", FamilyName::Means::Absent, "AF AX25"},
    {"x25", FamilyName::Means::Absent, "AF X25"},   {"netrom", FamilyName::Means::Absent, "AF NETROM"},
    {"rose", FamilyName::Means::Absent, "AF ROSE"}, {"bluetooth", FamilyName::Means::Absent, "AF BLUETOOTH"},
};

/// Everything net-tools keeps in flags while it reads its arguments.
struct Flags {
    bool tcp = false, sctp = false, udp = false, udplite = false, raw = false, unix_ = false;
    bool inet = false, inet6 = false;
    bool all = false, listening = false, extend = false, programs = false, wide = false, timers = false;
    bool verbose = false, context = false, continuous = false, groups = false;
    bool implied_protocols = false; ///< -4 and -6 alone mean every protocol, and then none is missed
    std::vector<std::string_view> other_families; ///< asked for, and in no kernel of today
    std::vector<NativeMode> modes;
    std::string errors; ///< said while reading options
    Numeric numeric;

    [[nodiscard]] bool any_protocol() const { return tcp || sctp || udp || udplite || raw; }
    [[nodiscard]] bool any_table() const { return any_protocol() || unix_ || !other_families.empty(); }
};

/// What columns depend on.
struct View {
    Flags flags;
    PlanContext context;

    [[nodiscard]] bool programs() const { return flags.programs || !context.classic; }
    [[nodiscard]] bool whole_names() const { return flags.wide && !context.classic; }
};

inline constexpr std::uint8_t ss_unconnected = 1; ///< linux/net.h: SS_UNCONNECTED

/// net-tools takes an IPv4 address for a network's if its first byte is zero (it means the last one, and
/// forgets the byte order).
bool is_network(const Address& address);

std::vector<Column> internet_columns(Protocol protocol, const View& view);

/// As -an lists them.
std::vector<Column> usual_columns(Protocol protocol, const PlanContext& context);
std::vector<Column> unix_columns(const View& view);

Plan make_plan(const Flags& flags, const PlanContext& context);

} // namespace netstat46::linux_look
