// Where blocks come from: this host, or a capture.
#pragma once

#include <functional>

#include "capture/raw_block.hpp"
#include "capture/request.hpp"

namespace netstat46 {

/// A host whose sockets can be asked for. `blocks` keeps the contract of live_blocks(), whoever answers.
struct Source {
    HostFacts host;
    bool live = true;
    std::function<BlockReader(const Request&, ProblemSink)> blocks;
};

} // namespace netstat46
