#include "record/names.hpp"

#include <fmt/format.h>

#include "parse.hpp"
#include "record/address.hpp"
#include "record/host_tables.hpp"

namespace netstat46 {
namespace {

template <class Map, class Key>
std::string_view find_in(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string_view{} : std::string_view(found->second);
}

} // namespace

Names replayed_names(const HostTables& tables) {
    Names names;
    names.host = [&tables](const Address& address) {
        const std::string text = address_text(address);
        if (const std::string_view name = find_in(tables.hosts, text); !name.empty()) return name;
        const std::string_view interface = find_in(tables.interfaces, address.scope);
        if (interface.empty()) return std::string_view{};
        return find_in(tables.hosts, fmt::format("{}%{}", text, interface));
    };
    names.service = [&tables](std::uint16_t port, std::string_view protocol) {
        return find_in(tables.services, std::string_view(fmt::format("{}/{}", port, protocol)));
    };
    names.ip_protocol = [&tables](std::uint8_t number) {
        return find_in(tables.services, std::string_view(fmt::format("{}/raw", number)));
    };
    names.user = [&tables](std::uint32_t uid) { return find_in(tables.users, uid); };
    names.interface = [&tables](std::uint32_t index) { return find_in(tables.interfaces, index); };
    names.interface_index = [&tables](std::string_view interface) -> std::optional<std::uint32_t> {
        for (const auto& [index, name] : tables.interfaces)
            if (name == interface) return index;
        return std::nullopt;
    };
    names.ports = [&tables](std::string_view service) {
        std::vector<std::uint16_t> ports;
        for (const auto& [key, name] : tables.services) {
            std::string_view number = key;
            std::uint16_t port = 0;
            if (name == service && take_number(number, port, '/')) ports.push_back(port);
        }
        return ports;
    };
    names.uid = [&tables](std::string_view user) -> std::optional<std::uint32_t> {
        for (const auto& [uid, name] : tables.users)
            if (name == user) return uid;
        return std::nullopt;
    };
    names.addresses = [&tables](std::string_view host) {
        std::vector<Address> addresses;
        for (const auto& [number, name] : tables.hosts)
            if (name == host)
                if (const auto address = parse_address(number.substr(0, number.find('%'))))
                    addresses.push_back(*address);
        return addresses;
    };
    names.has_process = [&tables](std::int32_t pid) {
        return tables.process(pid) != nullptr || tables.owners.has_owner(pid);
    };
    return names;
}

} // namespace netstat46
