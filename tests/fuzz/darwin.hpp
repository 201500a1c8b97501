// One interface of Darwin's: the whole input is its answer, so that the files of a capture are seeds as they
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "capture/decoders.hpp"
#include "darwin/facts.hpp"
#include "darwin/row.hpp"

namespace netstat46::fuzz {

inline std::size_t read(std::string_view text) {
    std::size_t sum = 0;
    for (const char c : text) sum += static_cast<unsigned char>(c);
    return sum;
}

/// Traps if a call neither shortens the rest nor ends, or ends without having taken all of it.
inline void decode(std::string_view interface, const std::uint8_t* data, std::size_t size) {
    const HostFacts host;
    for (const DecoderEntry& entry : darwin_decoders()) {
        if (entry.interface != interface) continue;
        TableStatus notes;
        const SocketDecoder next = entry.sockets({entry.interface, &host, [](const Problem&) {}, &notes});
        Bytes rest(std::as_bytes(std::span(data, size)));
        SocketRecord record;
        volatile std::size_t sum = 0;
        for (std::size_t left = rest.size(); next(rest, record); left = rest.size()) {
            if (rest.size() >= left) __builtin_trap();
            sum = sum + read(unix_facts(record).path) + read(unix_facts(record).peer_path) +
                  read(darwin_facts(record).control.name.view());
        }
        if (!rest.empty()) __builtin_trap();
    }
}

} // namespace netstat46::fuzz
