// Whether a packet meets a condition of a rule.
#pragma once

#include "ports/nat_walk.hpp"

namespace netstat46 {

/// A packet on its way through the chains of a hook.
struct NatPassage {
    const NatPacket& packet;
    NatHook hook = NatHook::Prerouting;
    bool before_conntrack = false; ///< its state is not known yet
    bool marked = false;           ///< a rule may have set its mark
    Tristate untracked = Tristate::No;
};

/// Whether the fields are one element of the set.
Tristate meets(const std::vector<NatField>& fields, const NatElement& element, const NatPassage& passage);

Tristate meets(const NatMatch& match, const NatPassage& passage);

} // namespace netstat46
