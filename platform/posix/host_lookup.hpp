// Host names, many asked for at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "record/socket_record.hpp"

namespace netstat46 {

struct LookupBounds {
    /// Those that hang count, so a few silent name servers must not be all of them; and dnsmasq takes 150
    /// questions at a time.
    std::size_t threads = 64;
    /// All waiting of one run together, of which an eighth of the time between waits is won back, so that a
    /// listing that is repeated does not run out of it. No wait is longer than half of what is left, so that
    /// a host whose name server is silent does not cost later ones their names, and the first outlasts the 5
    /// s after which resolvers turn to the second name server.
    std::chrono::milliseconds wait{12000};
};

/// A host's name, empty if it has none. Called from several threads at once, and may hang.
using AskHost = std::function<std::string(const Address&)>;

/// Asks for each distinct address once. Questions that hang stay behind in threads of their own, which keep
/// neither this nor the process from ending. Where no thread can be started, this one asks, and waits for
/// each answer. What a resolver throws, prefetch() and name() throw. Used by one thread.
class HostLookup {
public:
    explicit HostLookup(AskHost ask, LookupBounds bounds = {});

    /// Returns when all that were not asked for before have answered or the bound is reached. Then what has
    /// not been asked yet never is; an answer that comes late counts from when it is there.
    void prefetch(std::span<const Address> addresses);

    /// Prefetched if need be; empty if there is no name or no answer yet. Lives as long as this.
    std::string_view name(const Address& address);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::chrono::steady_clock::duration most_, left_;
    std::chrono::steady_clock::time_point waited_until_ = std::chrono::steady_clock::now();
};

} // namespace netstat46
