// This host's resolver and databases, through POSIX. Shared by every platform.
#include "record/names.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <utility>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include "posix/host_lookup.hpp"
#include "posix/limits.hpp"

namespace netstat46 {
namespace {

/// Descriptors that are left to everybody else while hosts are looked up, and those that a look-up may have
/// open: the hosts file, and a socket for each name server.
constexpr std::size_t kept_descriptors = 48, descriptors_per_lookup = 4;

LookupBounds bounds_by_descriptors() {
    LookupBounds bounds;
    const std::size_t left = descriptors_left(kept_descriptors + descriptors_per_lookup * bounds.threads);
    bounds.threads = left < kept_descriptors + descriptors_per_lookup
                         ? 1
                         : (left - kept_descriptors) / descriptors_per_lookup;
    return bounds;
}

/// errno of a look-up that failed for want of something; set from any thread.
using Failure = std::shared_ptr<std::atomic<int>>;

/// glibc (2.36) reads through a null pointer where its first look-up finds no memory: then nobody looks up.
void ensure_memory() {
    constexpr std::size_t for_a_look_up = std::size_t{32} * 1024;
    void* volatile memory = std::malloc(for_a_look_up);
    if (memory == nullptr) throw std::bad_alloc();
    std::free(memory);
}

/// Notes why `ask`, which gives a null pointer or 0 then, found nothing.
template <class Ask>
auto noting(std::atomic<int>& failure, Ask ask) {
    ensure_memory();
    errno = 0;
    auto answer = ask();
    if (!answer && is_want(errno)) failure = errno;
    return answer;
}

/// The answer to `key`, asked for once.
template <class Map, class Key, class Ask>
std::string_view remembered(Map& map, const Key& key, Ask ask) {
    const auto found = map.find(key);
    if (found != map.end()) return found->second;
    return map.emplace(key, ask()).first->second;
}

std::string or_empty(const char* name) { return name == nullptr ? std::string{} : std::string(name); }

/// From any thread.
std::string resolve(const Address& address, std::atomic<int>& failure) {
    char host[NI_MAXHOST];
    const auto ask = [&](const auto& name) {
        return noting(failure, [&] {
            return getnameinfo(reinterpret_cast<const sockaddr*>(&name), sizeof name, host, sizeof host,
                               nullptr, 0, NI_NAMEREQD) == 0;
        });
    };
    if (address.family == Family::Inet) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        std::copy_n(address.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&name.sin_addr));
        return ask(name) ? host : std::string{};
    }
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_scope_id = address.scope;
    std::copy_n(address.bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&name.sin6_addr));
    return ask(name) ? host : std::string{};
}

/// Every address of a host, in the resolver's order.
std::vector<Address> addresses_of(const std::string& host, std::atomic<int>& failure) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM; // else each address comes once for every type
    addrinfo* first = nullptr;
    noting(failure, [&] { return getaddrinfo(host.c_str(), nullptr, &wanted, &first) == 0; });
    std::vector<Address> addresses;
    for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
        Address address;
        if (each->ai_family == AF_INET) {
            address.family = Family::Inet;
            const auto* name = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
            std::copy_n(reinterpret_cast<const std::uint8_t*>(&name->sin_addr), 4, address.bytes.begin());
        } else if (each->ai_family == AF_INET6) {
            address.family = Family::Inet6;
            const auto* name = reinterpret_cast<const sockaddr_in6*>(each->ai_addr);
            std::copy_n(reinterpret_cast<const std::uint8_t*>(&name->sin6_addr), 16, address.bytes.begin());
            address.scope = name->sin6_scope_id;
        } else {
            continue;
        }
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
            addresses.push_back(address);
    }
    if (first != nullptr) freeaddrinfo(first);
    return addresses;
}

/// What has been asked already, by question.
struct Cache {
    Failure failure = std::make_shared<std::atomic<int>>(0);
    std::optional<HostLookup> hosts_asked; ///< none before the first is asked for
    std::map<std::uint32_t, std::string> networks;
    std::map<std::pair<std::uint16_t, std::string>, std::string> services;
    std::map<std::uint32_t, std::string> users, interfaces;
    std::map<std::uint8_t, std::string> protocols;

    HostLookup& hosts() {
        if (!hosts_asked)
            hosts_asked.emplace([failure = failure](const Address& host) { return resolve(host, *failure); },
                                bounds_by_descriptors());
        return *hosts_asked;
    }
};

} // namespace

Names live_names() {
    const auto cache = std::make_shared<Cache>();
    Names names;
    names.host = [cache](const Address& address) { return cache->hosts().name(address); };
    names.host_waits = true;
    names.prefetch = [cache](std::span<const Address> addresses) { cache->hosts().prefetch(addresses); };
    names.network = [cache](const Address& address) {
        const std::uint32_t number = std::uint32_t{address.bytes[0]} << 24 | address.bytes[1] << 16 |
                                     address.bytes[2] << 8 | address.bytes[3];
        return remembered(cache->networks, number, [&] {
            const netent* entry = noting(*cache->failure, [&] { return getnetbyaddr(number, AF_INET); });
            return or_empty(entry == nullptr ? nullptr : entry->n_name);
        });
    };
    names.service = [cache](std::uint16_t port, std::string_view protocol) {
        return remembered(cache->services, std::pair(port, std::string(protocol)), [&] {
            const servent* entry = noting(
                *cache->failure, [&] { return getservbyport(htons(port), std::string(protocol).c_str()); });
            return or_empty(entry == nullptr ? nullptr : entry->s_name);
        });
    };
    names.ip_protocol = [cache](std::uint8_t number) {
        return remembered(cache->protocols, number, [&] {
            const protoent* entry = noting(*cache->failure, [&] { return getprotobynumber(number); });
            return or_empty(entry == nullptr ? nullptr : entry->p_name);
        });
    };
    names.user = [cache](std::uint32_t uid) {
        return remembered(cache->users, uid, [&] {
            const passwd* entry = noting(*cache->failure, [&] { return getpwuid(uid); });
            return or_empty(entry == nullptr ? nullptr : entry->pw_name);
        });
    };
    names.interface = [cache](std::uint32_t index) {
        return remembered(cache->interfaces, index, [&] {
            char name[IF_NAMESIZE];
            return or_empty(noting(*cache->failure, [&] { return if_indextoname(index, name); }));
        });
    };
    names.interface_index = [cache](std::string_view interface) -> std::optional<std::uint32_t> {
        const unsigned index =
            noting(*cache->failure, [&] { return if_nametoindex(std::string(interface).c_str()); });
        return index == 0 ? std::nullopt : std::optional<std::uint32_t>(index);
    };
    names.ports = [cache](std::string_view service) {
        std::vector<std::uint16_t> ports;
        for (const char* protocol : {"tcp", "udp", "sctp"})
            if (const servent* entry = noting(
                    *cache->failure, [&] { return getservbyname(std::string(service).c_str(), protocol); }))
                ports.push_back(ntohs(static_cast<std::uint16_t>(entry->s_port)));
        return ports;
    };
    names.uid = [cache](std::string_view user) -> std::optional<std::uint32_t> {
        const passwd* entry = noting(*cache->failure, [&] { return getpwnam(std::string(user).c_str()); });
        if (entry == nullptr) return std::nullopt;
        return entry->pw_uid;
    };
    names.addresses = [cache](std::string_view host) {
        return addresses_of(std::string(host), *cache->failure);
    };
    names.failure = [cache] { return cache->failure->load(); };
    names.has_process = [](std::int32_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; };
    return names;
}

} // namespace netstat46
