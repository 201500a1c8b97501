// Kernel control: registrations, event sockets, control sockets.
#include <array>

#include "darwin/decode.hpp"
#include "darwin/facts.hpp"
#include "darwin/wire.hpp"

namespace netstat46::darwin {
namespace {

using namespace darwin_wire;

constexpr HeaderForm system_header{xsystmgen::size, xsystmgen::count, xsystmgen::generation, true};

constexpr std::array registration_kinds{
    ItemKind{kind::control_registration, "xkctl_reg", xkctl_reg::name + 1, xkctl_reg::size}};
constexpr std::array event_kinds{ItemKind{kind::event_pcb, "xkevtpcb", xkevtpcb::size, xkevtpcb::size},
                                 socket_kind, receive_kind, send_kind, statistics_kind};
constexpr std::array control_kinds{
    ItemKind{kind::control_pcb, "xkctlpcb", xkctlpcb::name + 1, xkctlpcb::size}, socket_kind, receive_kind,
    send_kind, statistics_kind};

constexpr std::int32_t registration = 0, event = 1, control = 2; // sys/sys_domain.h: SYSPROTO_*

void load_registration(Bytes item, SocketRecord& record) {
    record.pcb = item.u64(xkctl_reg::reference);
    KernelControlFacts& facts = darwin_facts(record).control;
    facts.id = item.u32(xkctl_reg::id);
    facts.unit = item.i32(xkctl_reg::unit);
    facts.flags = item.u32(xkctl_reg::flags);
    facts.pcb_count = item.i32(xkctl_reg::pcb_count);
    facts.receive_size = item.i32(xkctl_reg::receive_size);
    facts.send_size = item.i32(xkctl_reg::send_size);
    facts.name = item.sub(xkctl_reg::name, xkctl_reg::name_room).c_string();
}

void load_event(Bytes item, SocketRecord& record) {
    record.pcb = item.u64(xkevtpcb::pcb);
    darwin_facts(record).control.vendor = item.i32(xkevtpcb::vendor);
    darwin_facts(record).control.event_class = item.i32(xkevtpcb::event_class);
    darwin_facts(record).control.subclass = item.i32(xkevtpcb::subclass);
}

void load_control(Bytes item, SocketRecord& record) {
    record.pcb = item.u64(xkctlpcb::pcb);
    darwin_facts(record).control.id = item.u32(xkctlpcb::id);
    darwin_facts(record).control.unit = item.i32(xkctlpcb::unit);
    darwin_facts(record).control.name = item.sub(xkctlpcb::name, xkctlpcb::name_room).c_string();
}

SocketDecoder system_decoder(std::int32_t protocol, std::span<const ItemKind> kinds,
                             void (*load)(Bytes, SocketRecord&), const DecodeContext& context) {
    return [groups = GroupReader({system_header, kinds}, same_first_item, context), protocol,
            load](Bytes& rest, SocketRecord& record) mutable {
        Group group;
        if (!groups.next(rest, group)) return false;
        record.clear();
        record.protocol = Protocol::KernelControl;
        record.past_damage = group.damaged;
        load_socket_items(group, record);
        darwin_facts(record).socket_protocol = protocol;
        load(group.items[pcb_item], record);
        return true;
    };
}

} // namespace

SocketDecoder decode_control_registrations(const DecodeContext& context) {
    return system_decoder(registration, registration_kinds, load_registration, context);
}

SocketDecoder decode_event_sockets(const DecodeContext& context) {
    return system_decoder(event, event_kinds, load_event, context);
}

SocketDecoder decode_control_sockets(const DecodeContext& context) {
    return system_decoder(control, control_kinds, load_control, context);
}

} // namespace netstat46::darwin
