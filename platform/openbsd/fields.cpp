#include "openbsd/fields.hpp"

#include "openbsd/facts.hpp"

namespace netstat46 {
namespace {

template <auto member>
bool put_fact(Text& out, const FieldRow& at) {
    return put_unless_zero(out, at.row.socket.own.get<OpenBsdFacts>().*member);
}

constexpr Field fields[] = {
    {"openbsd.routing_table", FieldType::Number, "", "inp_rtableid", put_fact<&OpenBsdFacts::routing_table>},
    {"openbsd.socket_state", FieldType::Number, "", "so_state", put_fact<&OpenBsdFacts::socket_state>},
    {"openbsd.receive_window", FieldType::Number, "bytes", "t_rcv_wnd",
     put_fact<&OpenBsdFacts::receive_window>},
    {"openbsd.send_window", FieldType::Number, "bytes", "t_snd_wnd", put_fact<&OpenBsdFacts::send_window>},
    {"openbsd.congestion_window", FieldType::Number, "bytes", "t_snd_cwnd",
     put_fact<&OpenBsdFacts::congestion_window>},
};

constexpr FieldGroup groups[] = {
    {"openbsd", "openbsd", "what only OpenBSD tells; numbers that are 0 are left out"}};

} // namespace

std::span<const Field> openbsd_fields() { return fields; }
std::span<const FieldGroup> openbsd_groups() { return groups; }

} // namespace netstat46
