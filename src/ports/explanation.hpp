// All that can be said of one port, as data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ports/port_table.hpp"
#include "ports/questions.hpp"
#include "ports/target.hpp"

namespace netstat46 {

/// Destinations that are answered alike.
struct AnswerLine {
    std::vector<std::string> to; ///< `127.0.0.1`, `any IPv4`, `any other IPv6`
    WhoAnswer answer;
    std::string why; ///< a remark on the answer, or empty
};

/// What happens to a program that binds.
struct BindLine {
    BindRequest request;
    std::string_view address;  ///< `0.0.0.0`, `[::] dual`
    std::string_view programs; ///< who binds so
    BindAnswer answer;
    std::vector<std::string> gets;  ///< what it would then receive
    std::vector<std::string> cures; ///< what helps where it is refused
};

struct Explanation {
    PortTarget target;
    std::vector<std::size_t> rows; ///< of the sockets it is about
    std::string headline;
    std::vector<AnswerLine> answers;
    std::vector<BindLine> binds;
    std::string intercepted_by; ///< a nat rule that takes some of it
    NatKnown nat;               ///< of the host
};

/// `uid`: the user who asks, or nobody in particular. `names`: of interfaces.
Explanation explain(const PortTarget& target, const PortTable& table, const PortHost& host,
                    std::optional<std::uint32_t> uid, const Names& names = {});

/// A TCP socket with two ends, or what the kernel keeps of one.
bool is_connection(const BoundSocket& bound);

/// One that is over: TIME_WAIT, and FIN_WAIT2 without a descriptor.
bool is_leftover(const BoundSocket& bound);

/// Why one cannot say who answers; empty for None.
std::string doubt_in_words(Doubt doubt);

/// `1 listening socket`, `2 connections and 1 half-open connection`.
std::string counted(const std::vector<const BoundSocket*>& bound_sockets);

} // namespace netstat46
