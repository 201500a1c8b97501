#include "ports/nat_walk.hpp"

#include <algorithm>
#include <utility>

#include "ports/nat_meets.hpp"

namespace netstat46 {
namespace {

using Kind = NatAction::Kind;

constexpr std::size_t deepest = 100; // nft allows 16 (NFT_JUMP_STACK_SIZE), iptables more
constexpr std::size_t most_steps = 200'000;
constexpr std::size_t most_outcomes = 64;
constexpr int nat_priority = -100;       // NF_IP_PRI_NAT_DST: where every chain of the type nat is called
constexpr int conntrack_priority = -200; // NF_IP_PRI_CONNTRACK

/// How a packet may leave a chain, besides being taken.
struct Exits {
    bool falls = false;   ///< at its end, or by return
    bool accepts = false; ///< accepted: the base chain ends
    bool proxied = false; ///< as `falls`, with a socket that TPROXY gave it
};

class Walk {
public:
    Walk(const NatRules& rules, NatHook hook, const NatPacket& packet)
        : rules_(rules), passage_{packet, hook} {}

    /// Every base chain at the hook, in the order in which the kernel calls them.
    NatVerdict verdict() {
        const std::vector<const NatBase*> bases = called();
        NatVerdict out;
        for (std::size_t i = 0; i < bases.size() && out.may_pass;) {
            const auto here = place(*bases[i]);
            // Of equals either may be called first: what each would do is possible.
            for (; i < bases.size() && place(*bases[i]) == here; ++i) out.may_pass &= enter(*bases[i]);
            const bool proxied = !taken_.empty() && !bases[i - 1]->nat;
            if (proxied) change_behind_proxy({bases.begin() + static_cast<std::ptrdiff_t>(i), bases.end()});
        }
        if (rules_.cut) {
            add({Kind::Unclear, {}, nullptr});
            out.may_pass = true;
        }
        out.taken = std::move(taken_);
        return out;
    }

private:
    static std::pair<int, int> place(const NatBase& base) {
        return {base.nat ? nat_priority : base.priority, base.priority};
    }

    [[nodiscard]] std::vector<const NatBase*> called() const {
        const bool inet = passage_.packet.destination.family == Family::Inet;
        std::vector<const NatBase*> bases;
        for (const NatBase& base : rules_.bases)
            if (base.hook == passage_.hook && (inet ? base.inet : base.inet6) &&
                !(base.nat && passage_.packet.seen))
                bases.push_back(&base);
        std::reverse(bases.begin(), bases.end()); // of equals the one that was made last is called first
        std::stable_sort(bases.begin(), bases.end(),
                         [](const NatBase* a, const NatBase* b) { return place(*a) < place(*b); });
        return bases;
    }

    /// TPROXY leaves the packet to later chains: if nat then changes it, replies go astray.
    void change_behind_proxy(const std::vector<const NatBase*>& bases) {
        const std::vector<NatOutcome> proxied = std::exchange(taken_, {});
        for (const NatBase* base : bases)
            if (base->nat) enter(*base);
        const std::vector<NatOutcome> changed = std::exchange(taken_, proxied);
        for (const NatOutcome& outcome : changed) add({Kind::Unclear, {}, outcome.rule});
    }

    /// False if the packet is certainly taken.
    bool enter(const NatBase& base) {
        if (base.nat && passage_.untracked == Tristate::Yes) return true;
        base_ = &base;
        passage_.before_conntrack = base.priority < conntrack_priority;
        const Exits exits = walk(base.chain, false);
        if (base.nat && base.drops && exits.falls) add({Kind::Drop, {}, nullptr});
        const bool passes = exits.accepts || (exits.falls && !(base.nat && base.drops));
        return passes || (base.nat && passage_.untracked != Tristate::No);
    }

    /// `behind`: TPROXY gave the packet a socket, which only another TPROXY could change.
    Exits walk(const std::string& chain, bool behind) {
        const auto found = rules_.chains.find(chain);
        Exits exits;
        const bool loops = std::find(calls_.begin(), calls_.end(), chain) != calls_.end();
        if (found == rules_.chains.end() || loops) { // no kernel has those
            fall(exits, behind);
            return exits;
        }
        if (calls_.size() == deepest) return too_much();
        calls_.push_back(chain);
        exits = walk_rules(found->second, behind);
        calls_.pop_back();
        return exits;
    }

    static void fall(Exits& exits, bool behind) { (behind ? exits.proxied : exits.falls) = true; }

    Exits walk_rules(const std::vector<NatRule>& rules, bool behind) {
        Exits exits;
        for (const NatRule& rule : rules) {
            if (++steps_ > most_steps) return too_much();
            const Tristate met = meets_all(rule);
            if (met == Tristate::No) continue;
            passage_.marked |= rule.marks;
            if (rule.untracks) passage_.untracked = std::max(passage_.untracked, met);
            const bool ends = rule.map ? follow_map(rule, met, exits, behind)
                                       : follow(rule, rule.action, met, exits, behind);
            if (ends) return exits;
        }
        fall(exits, behind);
        return exits;
    }

    Tristate meets_all(const NatRule& rule) {
        Tristate all = Tristate::Yes;
        for (const NatMatch& match : rule.matches) {
            all = all && meets(match, passage_);
            steps_ += match.set ? match.set->size() : 0;
            if (all == Tristate::No) break;
        }
        return all;
    }

    /// True if no packet goes on after the rule.
    bool follow(const NatRule& rule, const NatAction& action, Tristate met, Exits& exits, bool& behind) {
        const bool sure = met == Tristate::Yes;
        switch (action.kind) {
        case Kind::None:
            return false;
        case Kind::Dnat:
        case Kind::Redirect:
        case Kind::Tproxy:
            add({action.kind, action.target, &rule});
            behind |= sure && rule.goes_on;
            return sure && !rule.goes_on;
        case Kind::Drop:
            if (base_->nat)
                add({action.kind, {}, &rule});
            else
                exits.accepts |= !behind; // a filter's, which is not followed
            return sure;
        case Kind::Unclear:
            if (base_->nat) add({action.kind, {}, &rule});
            return false;
        case Kind::Accept:
            exits.accepts |= !behind;
            return sure;
        case Kind::Return:
            fall(exits, behind);
            return sure;
        case Kind::Jump:
        case Kind::Goto:
            break;
        }
        const Exits within = walk(action.chain, behind);
        exits.accepts |= within.accepts;
        if (action.kind == Kind::Goto) {
            exits.falls |= within.falls;
            exits.proxied |= within.proxied;
            return sure;
        }
        behind |= sure && !within.falls && within.proxied;
        return sure && !within.falls && !within.proxied;
    }

    /// One element of the map applies, or none.
    bool follow_map(const NatRule& rule, Tristate met, Exits& exits, bool& behind) {
        const NatMatch& map = *rule.map;
        const auto action_of = [&](const NatElement& element) {
            if (rule.action.kind == Kind::None) return element.action;
            NatAction action = rule.action;
            const bool known = action.target.known;
            action.target = element.action.target;
            action.target.known &= known;
            return action;
        };
        if (!map.set) {
            NatAction unclear;
            unclear.kind = rule.action.kind == Kind::None ? Kind::Unclear : rule.action.kind;
            unclear.target.known = false;
            return follow(rule, unclear, Tristate::Unknown, exits, behind);
        }
        const bool drawn = map.fields == std::vector{NatField::Random} && rule.modulus != 0 &&
                           map.set->size() == rule.modulus && all_below(*map.set, rule.modulus);
        bool none_goes_on = drawn;
        for (const NatElement& element : *map.set) {
            if (++steps_ > most_steps) {
                exits = too_much();
                return false;
            }
            const Tristate here = drawn ? Tristate::Yes : meets(map.fields, element, passage_);
            if (here == Tristate::No) continue;
            const bool ends = follow(rule, action_of(element), met && here, exits, behind);
            if (drawn)
                none_goes_on &= ends;
            else if (here == Tristate::Yes)
                return ends;
        }
        return none_goes_on;
    }

    /// Different numbers below `modulus`, one each.
    static bool all_below(const NatSet& set, std::size_t modulus) {
        std::vector<bool> seen(modulus);
        for (const NatElement& element : set) {
            if (element.values.size() != 1) return false;
            const NatValue& value = element.values.front();
            if (value.kind != NatValue::Kind::Range || value.first != value.last) return false;
            std::size_t number = 0;
            for (const std::uint8_t byte : value.first) number = number << 8U | byte;
            if (number >= modulus || seen[number]) return false;
            seen[number] = true;
        }
        return true;
    }

    void add(const NatOutcome& outcome) {
        const bool known = std::any_of(taken_.begin(), taken_.end(), [&](const NatOutcome& other) {
            return other.rule == outcome.rule && other.kind == outcome.kind &&
                   other.target.first.has_value() == outcome.target.first.has_value() &&
                   (!other.target.first || other.target.first->bytes == outcome.target.first->bytes) &&
                   other.target.ports == outcome.target.ports;
        });
        if (!known && taken_.size() < most_outcomes) taken_.push_back(outcome);
    }

    /// Nothing more can be said.
    Exits too_much() {
        add({Kind::Unclear, {}, nullptr});
        return {true, true, false};
    }

    const NatRules& rules_;
    NatPassage passage_;
    const NatBase* base_ = nullptr;
    std::vector<std::string> calls_; ///< chains that we are in
    std::vector<NatOutcome> taken_;
    std::size_t steps_ = 0;
};

} // namespace

NatVerdict nat_verdict(const NatRules& rules, NatHook hook, const NatPacket& packet) {
    return Walk(rules, hook, packet).verdict();
}

Address loopback_of(Family family) {
    Address loopback{family, {}, 0};
    if (family == Family::Inet) loopback.bytes[0] = 127;
    loopback.bytes[family == Family::Inet ? 3 : 15] = 1;
    return loopback;
}

NatVerdict nat_verdict_of_own(const NatRules& rules, NatPacket packet, const IsLocal& is_local) {
    packet.source = NatSource::Own;
    packet.in.clear();
    packet.seen = false;
    NatVerdict sent = nat_verdict(rules, NatHook::Output, packet);
    const auto loop = [&](NatPacket sent_on) {
        sent_on.in = "lo";
        sent_on.seen = true;
        NatVerdict verdict = nat_verdict(rules, NatHook::Prerouting, sent_on);
        if (sent_on.to_local == Tristate::Yes) return verdict;
        verdict.may_pass = true; // by another interface
        return verdict;
    };
    NatVerdict out;
    out.may_pass = false;
    const auto add = [&out](const std::vector<NatOutcome>& more) {
        out.taken.insert(out.taken.end(), more.begin(), more.end());
    };
    for (NatOutcome& outcome : sent.taken) {
        if (outcome.kind == Kind::Redirect && !outcome.target.first) { // nf_nat_redirect_ipv4(), local out
            outcome.target.first = outcome.target.last = loopback_of(packet.destination.family);
        }
        const bool sent_on = outcome.kind == Kind::Dnat || outcome.kind == Kind::Redirect;
        if (!sent_on || !outcome.target.known) {
            add({outcome});
            continue;
        }
        NatPacket changed = packet;
        changed.connected_to = packet.destination;
        changed.destination = outcome.target.first.value_or(packet.destination);
        changed.port = outcome.target.ports.first == 0 ? packet.port : outcome.target.ports.first;
        if (outcome.target.first)
            changed.to_local = is_loopback(changed.destination) ? Tristate::Yes
                               : is_local                       ? is_local(changed.destination)
                                                                : Tristate::Unknown;
        NatVerdict looped = changed.to_local == Tristate::No ? NatVerdict{} : loop(changed);
        for (NatOutcome& proxied : looped.taken)
            if (proxied.target.ports.first == 0) proxied.target.ports = {changed.port, changed.port};
        if (looped.may_pass) add({outcome});
        add(looped.taken);
    }
    if (!sent.may_pass) return out;
    if (packet.to_local == Tristate::No) {
        out.may_pass = true;
        return out;
    }
    const NatVerdict looped = loop(packet);
    out.may_pass = looped.may_pass;
    add(looped.taken);
    return out;
}

} // namespace netstat46
