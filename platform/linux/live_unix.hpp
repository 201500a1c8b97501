// Unix sockets: sock_diag gives the rows, /proc/net/unix what it lacks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "platform.hpp"

namespace netstat46 {

/// Asks sock_diag and, right after it, /proc/net/unix, whoever wants one of them first. Long answers are
/// asked for again instead of kept. Several threads may call it.
class UnixReader {
public:
    /// `refused` hears the errno that sock_diag was refused with.
    UnixReader(ProblemSink problem, std::function<void(int)> refused)
        : problem_(std::move(problem)), refused_(std::move(refused)) {}

    /// For the host tables: `sock_diag.unix` if it answers, then `proc.net.unix`.
    BlockReader tables();

    /// The first of these that answers, for `table`.
    BlockReader sockets(std::size_t table);

private:
    using Kept = std::shared_ptr<const std::vector<std::byte>>; ///< null: too long, or not there

    void read();
    BlockReader diag(std::size_t table);
    BlockReader proc(std::size_t table);
    BlockReader ask_proc(std::size_t table);
    BlockReader ask_diag(std::size_t table, int& error, bool& answers);

    ProblemSink problem_;
    std::function<void(int)> refused_;
    std::once_flag once_;
    bool answers_ = false; ///< sock_diag does
    Kept diag_, proc_;
};

} // namespace netstat46
