// The fields that every BSD's sockets have, from the same members of its facts.
#pragma once

#include <array>

#include "bsd/facts.hpp"
#include "format/field.hpp"

namespace netstat46 {

// sys/socket.h of Darwin and FreeBSD.
inline constexpr BitName bsd_so_options[] = {
    {0x1, "debug"},       {0x2, "acceptconn"},  {0x4, "reuseaddr"},    {0x8, "keepalive"},
    {0x10, "dontroute"},  {0x20, "broadcast"},  {0x40, "useloopback"}, {0x80, "linger"},
    {0x100, "oobinline"}, {0x200, "reuseport"},
};

/// A member of the system's facts, where it is not 0.
template <class Facts, auto member>
bool put_own(Text& out, const FieldRow& at) {
    return put_unless_zero(out, at.row.socket.own.get<Facts>().*member);
}

template <class Facts, auto member>
bool put_own_text(Text& out, const FieldRow& at) {
    return put_field(out, (at.row.socket.own.get<Facts>().*member).view());
}

template <class Facts, BufferFacts BsdFacts::*buffer, std::uint32_t BufferFacts::*member>
bool put_buffer_fact(Text& out, const FieldRow& at) {
    return put_unless_zero(out, at.row.socket.own.get<Facts>().*buffer.*member);
}

template <class Facts>
bool put_so_options(Text& out, const FieldRow& at) {
    const Facts& facts = at.row.socket.own.get<Facts>();
    return facts.options && put_bits(out, *facts.options, bsd_so_options);
}

/// `names`: of high_water, low_water, mbuf_bytes and mbuf_limit.
template <class Facts, BufferFacts BsdFacts::*buffer>
constexpr std::array<Field, 4> buffer_fields(const std::array<std::string_view, 4>& names) {
    return {{
        {names[0], FieldType::Number, "bytes", "the most bytes it takes",
         put_buffer_fact<Facts, buffer, &BufferFacts::high_water>},
        {names[1], FieldType::Number, "bytes", "the bytes that make it ready",
         put_buffer_fact<Facts, buffer, &BufferFacts::low_water>},
        {names[2], FieldType::Number, "bytes", "bytes of kernel memory in use",
         put_buffer_fact<Facts, buffer, &BufferFacts::mbuf_bytes>},
        {names[3], FieldType::Number, "bytes", "the most of those",
         put_buffer_fact<Facts, buffer, &BufferFacts::mbuf_limit>},
    }};
}

template <class Facts>
inline constexpr std::array<Field, 4> bsd_socket_fields{{
    {"options", FieldType::Words, "",
     "Darwin, FreeBSD: socket options that are set (reuseaddr, reuseport, ...)", put_so_options<Facts>},
    {"socket_state", FieldType::Number, "", "Darwin, FreeBSD: so_state",
     put_own<Facts, &BsdFacts::socket_state>},
    {"pcb_flags", FieldType::Number, "", "Darwin, FreeBSD: inp_flags", put_own<Facts, &BsdFacts::pcb_flags>},
    {"vflag", FieldType::Number, "", "Darwin, FreeBSD: inp_vflag", put_own<Facts, &BsdFacts::vflag>},
}};

template <class Facts>
inline constexpr auto bsd_receive_fields =
    buffer_fields<Facts, &BsdFacts::receive>({"receive_buffer.high_water", "receive_buffer.low_water",
                                              "receive_buffer.mbuf_bytes", "receive_buffer.mbuf_limit"});

template <class Facts>
inline constexpr auto bsd_send_fields = buffer_fields<Facts, &BsdFacts::send>(
    {"send_buffer.high_water", "send_buffer.low_water", "send_buffer.mbuf_bytes", "send_buffer.mbuf_limit"});

inline constexpr FieldGroup bsd_receive_group{"receive_buffer", "buffer",
                                              "Darwin, FreeBSD: what is received and not read"};
inline constexpr FieldGroup bsd_send_group{"send_buffer", "buffer",
                                           "Darwin, FreeBSD: what is written and not sent"};

/// One array of several.
template <std::size_t... sizes>
constexpr auto joined(const std::array<Field, sizes>&... parts) {
    std::array<Field, (sizes + ...)> all{};
    std::size_t used = 0;
    const auto add = [&](const auto& part) {
        for (const Field& field : part) all[used++] = field;
    };
    (add(parts), ...);
    return all;
}

} // namespace netstat46
