// The parts of OpenBSD's decoders, for the table in decode.cpp and for tests.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "capture/bytes.hpp"
#include "capture/decoders.hpp"

namespace netstat46::openbsd {

/// One record of an answer, as far as it is known.
struct FileRecord {
    Bytes bytes;
    bool whole = true; ///< else the native program does not see it
};

/// The records of an answer of `kern.file`: an array without header or trailer. How long each is the asker
/// chose, which a capture's manifest repeats. One longer than known is read as far as it is known.
class FileTable {
public:
    explicit FileTable(const DecodeContext& context);

    /// Takes one record off the front of `rest`; nothing at the end. What is not a whole record is reported.
    std::optional<FileRecord> take(Bytes& rest);

private:
    void say(const Bytes& rest, std::string_view what, bool fails) const;
    void say_length(const Bytes& rest);

    std::string interface_;
    ProblemSink problem_;
    TableStatus* notes_;
    std::size_t step_;                   ///< bytes of each record
    std::optional<std::size_t> refused_; ///< the length that the manifest claims and that cannot be
    bool begun_ = false;
};

/// Looks a socket's holders up: the address of its control block, or where the kernel withholds that, a
/// number made of what its record says of its ends, which sockets that are alike have in common.
/// Never 0.
std::uint64_t owner_key(const Bytes& file);

/// `kern.file.byfile.socket`: every socket, those that no list shows too.
SocketDecoder sockets_decoder(const DecodeContext& context);

/// The same: keys of ends that several sockets have.
HostTablesDecoder shared_ends_decoder(const DecodeContext& context);

/// `kern.file.bypid`: the holders of sockets, their processes, and who opened each.
HostTablesDecoder owners_decoder(const DecodeContext& context);

/// `portmap.tsv`: what the portmapper calls ports.
HostTablesDecoder portmap_decoder(const DecodeContext& context);

} // namespace netstat46::openbsd
