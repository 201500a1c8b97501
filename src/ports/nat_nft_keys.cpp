#include "ports/nat_nft_keys.hpp"

namespace netstat46 {
namespace {

struct MetaKey {
    std::string_view name;
    NatField field;
};

/// Behind `meta`, which may be left out where nft leaves it out.
constexpr MetaKey meta_keys[] = {
    {"l4proto", NatField::Protocol}, {"nfproto", NatField::Family},
    {"protocol", NatField::Family},  {"iifname", NatField::In},
    {"iif", NatField::In},           {"oifname", NatField::Out},
    {"oif", NatField::Out},          {"mark", NatField::Mark},
    {"skuid", NatField::Unknown},    {"skgid", NatField::Unknown},
    {"cgroup", NatField::Unknown},   {"pkttype", NatField::Unknown},
    {"length", NatField::Unknown},   {"cpu", NatField::Unknown},
    {"iifgroup", NatField::Unknown}, {"oifgroup", NatField::Unknown},
    {"iiftype", NatField::Unknown},  {"oiftype", NatField::Unknown},
    {"priority", NatField::Unknown}, {"nftrace", NatField::Unknown},
    {"random", NatField::Unknown},   {"time", NatField::Unknown},
    {"hour", NatField::Unknown},     {"day", NatField::Unknown},
    {"secmark", NatField::Unknown},  {"rtclassid", NatField::Unknown},
};

/// Expressions of two words that are not followed.
constexpr std::string_view other_expressions[] = {
    "icmp",   "icmpv6", "ah",  "esp", "comp", "ether", "vlan",  "arp",    "rt",  "osf",
    "socket", "igmp",   "hbh", "dst", "frag", "mh",    "ipsec", "geneve", "gre", "vxlan"};

class KeyReader {
public:
    KeyReader(NftCursor& cursor, NatRule& rule) : cursor_(cursor), rule_(rule) {}

    /// A field of packets; nothing if there is none at this place.
    std::optional<NatField> take_key() {
        const std::string_view word = cursor_.peek();
        if (word == "ip" || word == "ip6") return take_network(word == "ip6");
        if (word == "tcp" || word == "udp" || word == "th" || word == "sctp" || word == "udplite" ||
            word == "dccp")
            return take_transport();
        if (word == "fib") return take_fib();
        if (word == "ct") return take_conntrack();
        if (word == "numgen" || word == "jhash" || word == "symhash") return take_random();
        const bool meta = word == "meta";
        const std::string_view name = meta ? cursor_.peek(1) : word;
        for (const MetaKey& key : meta_keys)
            if (key.name == name) {
                cursor_.skip(meta ? 2 : 1);
                return key.field;
            }
        if (meta || among(other_expressions, word)) {
            cursor_.skip(2);
            return NatField::Unknown;
        }
        return std::nullopt;
    }

private:
    NatField take_network(bool inet6) {
        cursor_.skip(1);
        rule_.matches.push_back(nat_match(NatField::Family, {nat_range(inet6 ? 6 : 4, inet6 ? 6 : 4)}));
        const std::string_view what = cursor_.take();
        if (what == "daddr") return NatField::Destination;
        if (what == "saddr") return NatField::Source;
        return what == "protocol" || what == "nexthdr" ? NatField::Protocol : NatField::Unknown;
    }

    NatField take_transport() {
        const std::string_view protocol = cursor_.take();
        if (protocol != "th") rule_.matches.push_back(nat_match(NatField::Protocol, {nat_value(protocol)}));
        const std::string_view what = cursor_.take();
        if (what == "option") cursor_.skip(2);
        if (what == "dport") return NatField::DestinationPort;
        if (what == "sport") return NatField::SourcePort;
        return protocol == "tcp" && what == "flags" ? NatField::TcpFlags : NatField::Unknown;
    }

    /// `fib daddr type`; with more before `type` it is also about interfaces.
    NatField take_fib() {
        cursor_.skip(1);
        const std::string_view address = cursor_.peek();
        std::size_t count = 0;
        while (!cursor_.at_end() && cursor_.peek() != "type" && cursor_.peek() != "oif" &&
               cursor_.peek() != "oifname" && cursor_.peek() != "check") {
            cursor_.skip(1);
            ++count;
            if (cursor_.take_if(".")) cursor_.skip(1), ++count;
        }
        if (cursor_.take() != "type" || count != 1) return NatField::Unknown;
        if (address == "daddr") return NatField::DestinationType;
        return address == "saddr" ? NatField::SourceType : NatField::Unknown;
    }

    NatField take_conntrack() {
        cursor_.skip(1);
        if (cursor_.take_if("state")) return NatField::State;
        if (cursor_.take_if("original") || cursor_.take_if("reply")) {
            if (cursor_.peek() == "ip" || cursor_.peek() == "ip6") cursor_.skip(1);
        }
        cursor_.skip(1);
        return NatField::Unknown;
    }

    /// `numgen random mod 2`, `jhash ip saddr . tcp sport mod 2 seed 0x1 offset 5`.
    NatField take_random() {
        while (!cursor_.at_end() && cursor_.peek() != "mod") cursor_.skip(1);
        cursor_.skip(1);
        rule_.modulus = static_cast<std::size_t>(nat_integer(cursor_.take()).value_or(0));
        if (cursor_.take_if("seed")) cursor_.skip(1);
        if (cursor_.take_if("offset")) {
            cursor_.skip(1);
            rule_.modulus = 0;
        }
        return NatField::Random;
    }

    NftCursor& cursor_;
    NatRule& rule_;
};

} // namespace

std::vector<NatField> take_nft_keys(NftCursor& cursor, NatRule& rule) {
    std::vector<NatField> fields;
    do {
        const auto field = KeyReader(cursor, rule).take_key();
        if (!field) {
            if (!fields.empty()) fields.push_back(NatField::Unknown);
            break;
        }
        fields.push_back(*field);
    } while (cursor.take_if("."));
    return fields;
}

} // namespace netstat46
