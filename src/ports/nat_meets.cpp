#include "ports/nat_meets.hpp"

#include <algorithm>

#include "record/address.hpp"

namespace netstat46 {
namespace {

// linux/rtnetlink.h
constexpr std::uint64_t rtn_local = 2, rtn_broadcast = 3, rtn_multicast = 5, rtn_last = 11;
constexpr std::uint64_t state_new = 8; // NF_CT_STATE_BIT(IP_CT_NEW), linux/netfilter/nf_conntrack_common.h
constexpr std::uint64_t tcp_syn = 2;   // linux/tcp.h

struct Range {
    NatNumber first, last;
};

/// What a field may hold; empty: that is not known.
using Possible = std::vector<Range>;

Possible between(std::uint64_t first, std::uint64_t last) { return {{nat_number(first), nat_number(last)}}; }
Possible exactly(std::uint64_t value) { return between(value, value); }

/// Addresses of a host's own packets or of another's, who cannot have a loopback one.
Possible sources(const NatPacket& packet) {
    const bool inet = packet.destination.family == Family::Inet;
    constexpr std::uint64_t net = 0x7f000000, net_end = 0x7fffffff, all = 0xffffffff;
    NatNumber most{};
    most.fill(0xff);
    if (packet.source == NatSource::Own) {
        // It was chosen for the destination that was asked for.
        if (is_loopback(packet.connected_to.value_or(packet.destination)))
            return inet ? between(net, net_end) : exactly(1);
        return inet ? between(0, all) : Possible{{nat_number(0), most}};
    }
    if (inet) return {between(0, net - 1)[0], between(net_end + 1, all)[0]};
    return {exactly(0)[0], {nat_number(2), most}};
}

Possible types(Tristate local, bool multicast, bool broadcast) {
    if (local == Tristate::Yes) return exactly(rtn_local);
    if (multicast) return exactly(rtn_multicast);
    if (broadcast) return exactly(rtn_broadcast);
    if (local == Tristate::Unknown) return between(0, rtn_last);
    return {between(0, rtn_local - 1)[0], between(rtn_broadcast, rtn_last)[0]};
}

Possible possible(NatField field, const NatPassage& passage) {
    const NatPacket& packet = passage.packet;
    constexpr std::uint64_t tcp = 6, udp = 17;
    const bool inet = packet.destination.family == Family::Inet;
    switch (field) {
    case NatField::Family:
        return exactly(inet ? 4 : 6);
    case NatField::Protocol:
        return exactly(packet.protocol == Protocol::Tcp ? tcp : udp);
    case NatField::DestinationPort:
        return exactly(packet.port);
    case NatField::SourcePort:
        return between(1, 65535);
    case NatField::Destination:
        return {{nat_number(packet.destination), nat_number(packet.destination)}};
    case NatField::Source:
        return sources(packet);
    case NatField::DestinationType:
        return types(packet.to_local, is_multicast(packet.destination),
                     inet && packet.destination.bytes[0] == 0xff);
    case NatField::SourceType:
        return types(tristate(packet.source == NatSource::Own), false, false);
    case NatField::State:
        if (passage.before_conntrack || passage.untracked != Tristate::No) return {};
        return exactly(state_new);
    case NatField::TcpFlags:
        return packet.protocol == Protocol::Tcp ? exactly(tcp_syn) : Possible{};
    default:
        return {};
    }
}

NatNumber masked(NatNumber number, const std::optional<NatNumber>& mask) {
    for (std::size_t i = 0; mask && i < number.size(); ++i) number[i] &= (*mask)[i];
    return number;
}

/// Of a mask of the first bits only, which keeps the order of numbers.
bool is_prefix(const NatNumber& mask, bool inet) {
    bool zero = false;
    for (std::size_t i = inet ? 12 : 0; i < mask.size(); ++i)
        for (unsigned bit = 0; bit < 8; ++bit) {
            const bool set = (mask[i] & (0x80U >> bit)) != 0;
            if (set && zero) return false;
            zero |= !set;
        }
    return true;
}

Tristate meets_number(NatField field, const NatValue& value, const NatPassage& passage) {
    const Possible all = possible(field, passage);
    if (all.empty() || value.kind != NatValue::Kind::Range) return Tristate::Unknown;
    const bool inet = passage.packet.destination.family == Family::Inet;
    bool inside = true;
    bool outside = true;
    for (const Range& range : all) {
        const bool single = range.first == range.last;
        if (!single && value.mask && !is_prefix(*value.mask, inet)) return Tristate::Unknown;
        const NatNumber first = masked(range.first, value.mask);
        const NatNumber last = masked(range.last, value.mask);
        inside &= first >= value.first && last <= value.last;
        outside &= last < value.first || first > value.last;
    }
    return inside ? Tristate::Yes : outside ? Tristate::No : Tristate::Unknown;
}

/// Who sends may have set a mark; what is asked for is 0, which it is mostly.
Tristate meets_mark(const NatValue& value, const NatPassage& passage) {
    const NatNumber zero{};
    const bool met = value.kind == NatValue::Kind::Range && value.first <= zero && !passage.marked;
    return met ? Tristate::Yes : Tristate::Unknown;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Tristate meets_name(std::string_view name, const NatValue& value) {
    switch (value.kind) {
    case NatValue::Kind::Name:
        return tristate(name == value.name);
    case NatValue::Kind::Prefix:
        return tristate(name.starts_with(value.name));
    case NatValue::Kind::Group:
        if (name == value.name) return Tristate::Yes;
        if (name.starts_with(value.name) && is_number(name.substr(value.name.size()))) return Tristate::Yes;
        return value.name.empty() || is_number(value.name.substr(value.name.size() - 1)) ? Tristate::No
                                                                                         : Tristate::Unknown;
    default:
        return Tristate::Unknown;
    }
}

Tristate meets_device(NatField field, const NatValue& value, const NatPassage& passage) {
    if (field == NatField::In) return meets_name(passage.packet.in, value);
    if (passage.hook == NatHook::Prerouting) return meets_name("", value);
    // What a host sends to itself leaves by lo.
    return passage.packet.to_local == Tristate::Yes ? meets_name("lo", value) : Tristate::Unknown;
}

Tristate meets_value(NatField field, const NatValue& value, const NatPassage& passage) {
    switch (field) {
    case NatField::In:
    case NatField::Out:
        return meets_device(field, value, passage);
    case NatField::Mark:
        return meets_mark(value, passage);
    default:
        return meets_number(field, value, passage);
    }
}

} // namespace

Tristate meets(const std::vector<NatField>& fields, const NatElement& element, const NatPassage& passage) {
    if (element.values.empty()) return Tristate::Yes; // `*`
    if (element.values.size() != fields.size()) return Tristate::Unknown;
    Tristate all = Tristate::Yes;
    for (std::size_t i = 0; i < fields.size(); ++i)
        all = all && meets_value(fields[i], element.values[i], passage);
    return all;
}

Tristate meets(const NatMatch& match, const NatPassage& passage) {
    if (!match.set) return Tristate::Unknown;
    Tristate any = Tristate::No;
    for (const NatElement& element : *match.set) {
        any = any || meets(match.fields, element, passage);
        if (any == Tristate::Yes) break;
    }
    return match.negated ? !any : any;
}

} // namespace netstat46
