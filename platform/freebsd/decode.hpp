// The parts of FreeBSD's decoders, for the table in decode.cpp and for tests.
#pragma once

#include <cstddef>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"

namespace netstat46::freebsd {

/// By how much the structs within a record are longer than known; what follows them has moved so far.
struct Growth {
    std::size_t socket = 0; ///< the xsocket
    std::size_t pcb = 0;    ///< the xinpcb of an xtcpcb, with the xsocket in it
};

/// One kind of list: header, records of one size, trailer.
struct ListLayout {
    std::size_t header = 0;
    std::size_t record = 0;
    std::size_t generation = 0; ///< where a record holds its own generation count
    std::size_t pcb = 0;        ///< where it holds an xinpcb, which begins with its own length; 0: nowhere
    std::size_t socket = 0;     ///< where it holds its xsocket, which begins so too
    void (*decode)(const Bytes& bytes, const Growth& growth, SocketRecord& record) = nullptr;
    const char* remark_name = nullptr; ///< unix: what the native program calls the list in its remark
};

/// Walks a list of `layout`. Records and headers longer than known are reported once and their front is read.
/// Where a record's length is wrong it says so once and reads on at the next record it can make out; what the
/// native program would not have reached is marked `past_damage`.
SocketDecoder list_decoder(const DecodeContext& context, const ListLayout& layout);

void decode_tcp(const Bytes& record_bytes, const Growth& growth, SocketRecord& record);
void decode_udp(const Bytes& bytes, const Growth& growth, SocketRecord& record);
void decode_udplite(const Bytes& bytes, const Growth& growth, SocketRecord& record);
void decode_raw(const Bytes& bytes, const Growth& growth, SocketRecord& record);
void decode_unix(const Bytes& bytes, const Growth& growth, SocketRecord& record);

/// `kern.file`: every descriptor's (data, pid, fd) into the owners.
HostTablesDecoder owners_decoder(const DecodeContext& context);

/// `kern.proc.proc`, `kern.proc.pid.N`: pid, name and uid.
HostTablesDecoder processes_decoder(const DecodeContext& context);

} // namespace netstat46::freebsd
