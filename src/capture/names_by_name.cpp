#include "capture/names_by_name.hpp"

#include <algorithm>
#include <set>

#include "capture/host_tables_reader.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

/// Calls `visit` with the names of one piece of a host table after the other.
void for_each_piece(const Source& source, const std::function<void(const Names&)>& visit) {
    const auto quiet = [](const Problem&) {}; // the listing reports what is wrong
    Problems problems(quiet);
    HostTablesReader reader(source.host, problems);
    const BlockReader next = source.blocks({}, quiet);
    while (const auto block = next()) {
        const auto it_is = [&](std::string_view table) { return block->interface == table; };
        if (!it_is("services.tsv") && !it_is("users.tsv") && !it_is("interfaces.tsv") && !it_is("hosts.tsv"))
            continue;
        HostTables piece;
        reader.read(*block, piece);
        visit(replayed_names(piece));
    }
}

/// The lowest number that `ask` returns for any piece of the tables.
std::optional<std::uint32_t> lowest_of(const Source& source,
                                       const std::function<std::optional<std::uint32_t>(const Names&)>& ask) {
    std::optional<std::uint32_t> lowest;
    for_each_piece(source, [&](const Names& names) {
        const auto number = ask(names);
        if (number && (!lowest || *number < *lowest)) lowest = number;
    });
    return lowest;
}

} // namespace

Names names_by_name(const Source& source) {
    Names names;
    names.ports = [source](std::string_view service) {
        std::set<std::uint16_t> ports;
        for_each_piece(source, [&](const Names& known) {
            for (const std::uint16_t port : known.ports(service)) ports.insert(port);
        });
        return std::vector<std::uint16_t>(ports.begin(), ports.end());
    };
    names.uid = [source](std::string_view user) {
        return lowest_of(source, [&](const Names& known) { return known.uid(user); });
    };
    names.addresses = [source](std::string_view host) {
        std::vector<Address> addresses;
        const auto add = [&](const Address& address) {
            if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
                addresses.push_back(address);
        };
        for_each_piece(source, [&](const Names& known) {
            for (const Address& address : known.addresses(host)) add(address);
        });
        if (host == "localhost")
            for (const char* loopback : {"127.0.0.1", "::1"}) add(*parse_address(loopback));
        return addresses;
    };
    names.interface_index = [source](std::string_view interface) {
        return lowest_of(source, [&](const Names& known) { return known.interface_index(interface); });
    };
    return names;
}

} // namespace netstat46
