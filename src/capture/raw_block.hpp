// What a kernel answered, before anyone has looked inside.
#pragma once

#include <bit>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "record/owners.hpp"
#include "record/port_facts.hpp"
#include "record/socket_record.hpp"

namespace netstat46 {

/// Raw bytes of one kernel interface (`net.inet.tcp.pcblist_n`, `sock_diag.inet6.tcp`, `proc.pid.fd`) or side
/// table (`processes.tsv`). A long answer may come as several blocks of one name, cut between records. The
/// bytes live until the reader's next call.
struct RawBlock {
    std::string_view interface;
    std::span<const std::byte> bytes;
    std::size_t table = 0;  ///< which of Request::tables it answers; owner and host tables: `no_table`
    std::size_t offset = 0; ///< of the first byte within the interface's whole answer
};

inline constexpr std::size_t no_table = static_cast<std::size_t>(-1);

/// The next block, or nothing at the end. Live, replay and save are functions of this one type.
using BlockReader = std::function<std::optional<RawBlock>()>;

/// One line for standard error. The listing goes on; the exit status is 1 at the end if `fails`.
struct Problem {
    std::string text; ///< names the interface and, where there is one, the offset
    bool fails = true;
};

using ProblemSink = std::function<void(Problem)>;

struct System;

enum class ByteOrder : std::uint8_t { Little, Big };
/// The byte order of this host.
inline constexpr ByteOrder native_order =
    std::endian::native == std::endian::little ? ByteOrder::Little : ByteOrder::Big;

/// The host whose sockets are listed: this one, or the one a capture came from.
struct HostFacts {
    const System* system = nullptr; ///< never null once it is known whose sockets are asked for
    std::string release;            ///< uname -r: `6.1.0`, `24.5.0`, `14.5-RELEASE`
    std::string machine;            ///< `x86_64`, `arm64`
    std::string kernel;             ///< a capture's `kernel:` line, or empty
    std::string hostname;
    std::string time; ///< RFC 3339, when the kernel was asked
    ByteOrder byte_order = ByteOrder::Little;
    Visibility visibility = Visibility::NotTold;
    bool selinux = false; ///< Linux: SELinux is enabled
    NatKnown nat;         ///< of a capture
    /// What only its system asks for (System::particulars), as a manifest has it: `rtable` to `0`.
    std::map<std::string, std::string, std::less<>> particulars;
};

} // namespace netstat46
