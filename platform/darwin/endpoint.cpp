#include "darwin/look.hpp"

#include "darwin/facts.hpp"
#include "record/address.hpp"

namespace netstat46::darwin_look {
namespace {

/// How wide an address column is and where its parts are cut.
struct AddressForm {
    bool v4 = false;
    std::size_t host = 16, width = 22;
    bool uncut = false; ///< whatever its length
};

AddressForm form_of(const Flags& flags, bool v4, bool numeric_port) {
    const std::size_t short_host = flags.addresses && !numeric_port ? 12 : 16;
    const std::size_t narrow = flags.addresses ? 18 : 22;
    AddressForm form{v4, short_host, flags.wide ? 45U : narrow, false};
    if (v4) {
        form.uncut = flags.uncut;
        if (flags.old_widths) form.width = narrow;
    } else if (flags.wide) {
        form.host = 39;
    }
    return form;
}

void put_host(Text& out, const Address& address, const Names& names) {
    if (is_unspecified(address)) {
        out.push_back('*');
        return;
    }
    if (const std::string_view name = names.host(address); !name.empty()) {
        put_clean(out, name);
        return;
    }
    put_scoped(out, address, names);
}

void put_port(Text& out, std::uint16_t port, std::string_view protocol, const Names& names) {
    constexpr std::size_t longest_service = 15;
    const std::size_t start = out.size();
    if (port == 0) {
        out.push_back('*');
        return;
    }
    const std::string_view name = !protocol.empty() ? names.service(port, protocol) : std::string_view();
    if (name.empty()) {
        put_number(out, port);
    } else {
        put_clean(out, name);
        cut(out, start, longest_service);
    }
}

/// `host.port`, cut and padded to the column. An empty protocol: the port stays a number.
void put_endpoint(Text& out, const Endpoint& endpoint, const AddressForm& form, std::string_view protocol,
                  const Names& names) {
    constexpr std::size_t longest_line = 79;
    const std::size_t start = out.size();
    put_host(out, unmapped(endpoint.address), names);
    cut(out, start, form.uncut ? longest_line - 1 : form.host);
    out.push_back('.');
    put_port(out, endpoint.port, protocol, names);
    if (form.v4) out.push_back(' ');
    cut(out, start, form.uncut ? longest_line : form.width);
    pad_to(out, start, form.width);
}

/// A port that the kernel chose (INP_ANONPORT) stays a number, and so does the other end's unless the local
/// one was chosen so or both are the same.
bool numeric_port(const SocketRecord& socket, bool local) {
    constexpr std::uint32_t anonymous_port = 0x40; // netinet/in_pcb.h: INP_ANONPORT
    const bool anonymous = (darwin_facts(socket).pcb_flags & anonymous_port) != 0;
    if (local) return anonymous;
    return !anonymous && socket.local.port != socket.foreign.port;
}

} // namespace

Cell endpoint_cell(const View& view, std::string_view protocol, bool local) {
    return [flags = view.flags, names = view.names, protocol, local](Text& out, const Row& row) {
        const bool numeric = flags.numeric || numeric_port(row.socket, local);
        put_endpoint(out, local ? row.socket.local : row.socket.foreign,
                     form_of(flags, row.socket.serves.ipv4, numeric), numeric ? std::string_view() : protocol,
                     *names);
    };
}

} // namespace netstat46::darwin_look
