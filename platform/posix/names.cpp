// This host's resolver and databases, through POSIX. Shared by every platform.
#include "record/names.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include "posix/host_lookup.hpp"

namespace netstat46 {
namespace {

/// The answer to `key`, asked for once.
template <class Map, class Key, class Ask>
std::string_view remembered(Map& map, const Key& key, Ask ask) {
    const auto found = map.find(key);
    if (found != map.end()) return found->second;
    return map.emplace(key, ask()).first->second;
}

std::string or_empty(const char* name) { return name == nullptr ? std::string{} : std::string(name); }

/// From any thread.
std::string resolve(const Address& address) {
    char host[NI_MAXHOST];
    if (address.family == Family::Inet) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        std::copy_n(address.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&name.sin_addr));
        const int error = getnameinfo(reinterpret_cast<const sockaddr*>(&name), sizeof name, host,
                                      sizeof host, nullptr, 0, NI_NAMEREQD);
        return error == 0 ? host : std::string{};
    }
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_scope_id = address.scope;
    std::copy_n(address.bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&name.sin6_addr));
    const int error = getnameinfo(reinterpret_cast<const sockaddr*>(&name), sizeof name, host, sizeof host,
                                  nullptr, 0, NI_NAMEREQD);
    return error == 0 ? host : std::string{};
}

/// What has been asked already, by question.
struct Cache {
    HostLookup hosts{resolve};
    std::map<std::uint32_t, std::string> networks;
    std::map<std::pair<std::uint16_t, std::string>, std::string> services;
    std::map<std::uint32_t, std::string> users, interfaces;
    std::map<std::uint8_t, std::string> protocols;
};

} // namespace

Names live_names() {
    const auto cache = std::make_shared<Cache>();
    Names names;
    names.host = [cache](const Address& address) { return cache->hosts.name(address); };
    names.prefetch = [cache](std::span<const Address> addresses) { cache->hosts.prefetch(addresses); };
    names.network = [cache](const Address& address) {
        const std::uint32_t number = std::uint32_t{address.bytes[0]} << 24 | address.bytes[1] << 16 |
                                     address.bytes[2] << 8 | address.bytes[3];
        return remembered(cache->networks, number, [&] {
            const netent* entry = getnetbyaddr(number, AF_INET);
            return or_empty(entry == nullptr ? nullptr : entry->n_name);
        });
    };
    names.service = [cache](std::uint16_t port, std::string_view protocol) {
        return remembered(cache->services, std::pair(port, std::string(protocol)), [&] {
            const servent* entry = getservbyport(htons(port), std::string(protocol).c_str());
            return or_empty(entry == nullptr ? nullptr : entry->s_name);
        });
    };
    names.ip_protocol = [cache](std::uint8_t number) {
        return remembered(cache->protocols, number, [&] {
            const protoent* entry = getprotobynumber(number);
            return or_empty(entry == nullptr ? nullptr : entry->p_name);
        });
    };
    names.user = [cache](std::uint32_t uid) {
        return remembered(cache->users, uid, [&] {
            const passwd* entry = getpwuid(uid);
            return or_empty(entry == nullptr ? nullptr : entry->pw_name);
        });
    };
    names.interface = [cache](std::uint32_t index) {
        return remembered(cache->interfaces, index, [&] {
            char name[IF_NAMESIZE];
            return or_empty(if_indextoname(index, name));
        });
    };
    names.interface_index = [](std::string_view interface) -> std::optional<std::uint32_t> {
        const unsigned index = if_nametoindex(std::string(interface).c_str());
        return index == 0 ? std::nullopt : std::optional<std::uint32_t>(index);
    };
    names.ports = [](std::string_view service) {
        std::vector<std::uint16_t> ports;
        for (const char* protocol : {"tcp", "udp", "sctp"})
            if (const servent* entry = getservbyname(std::string(service).c_str(), protocol))
                ports.push_back(ntohs(static_cast<std::uint16_t>(entry->s_port)));
        return ports;
    };
    names.uid = [](std::string_view user) -> std::optional<std::uint32_t> {
        const passwd* entry = getpwnam(std::string(user).c_str());
        if (entry == nullptr) return std::nullopt;
        return entry->pw_uid;
    };
    return names;
}

} // namespace netstat46
