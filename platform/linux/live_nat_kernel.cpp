#include "linux/live_nat_kernel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <string>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <fmt/format.h>

#include "capture/bytes.hpp"
#include "linux/live_proc.hpp"
#include "linux/netlink.hpp"

namespace netstat46 {
namespace {

/// Whether some line of the file satisfies `wanted`; nothing if it cannot be read or is empty.
template <class Wanted>
std::optional<bool> any_line(const std::string& path, Wanted wanted) {
    std::ifstream file(path);
    bool read = false;
    for (std::string line; std::getline(file, line); read = true)
        if (wanted(std::string_view(line))) return true;
    return read ? std::optional(false) : std::nullopt;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string built_in_list() {
    utsname name{};
    ::uname(&name);
    return fmt::format("/lib/modules/{}/modules.builtin", name.release);
}

/// A dump of NFT_MSG_GETTABLE: 0, or an errno.
int ask_tables(int fd) {
    struct {
        nlmsghdr header{};
        nfgenmsg generic{};
    } request;
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.generic.nfgen_family = AF_UNSPEC;
    const timeval limit{2, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return ::send(fd, &request, sizeof request, 0) < 0 ? errno : 0;
}

std::string_view family_name(std::uint8_t family) {
    return family == NFPROTO_IPV4   ? "ip"
           : family == NFPROTO_IPV6 ? "ip6"
           : family == NFPROTO_INET ? "inet"
                                    : "";
}

void take_table(NftTables& out, Bytes message) {
    if (message.size() < sizeof(nfgenmsg)) return;
    const std::string_view family = family_name(message.u8(0));
    for_each_attribute(message.sub(sizeof(nfgenmsg)), [&](std::uint16_t type, Bytes value) {
        if (type != NFTA_TABLE_NAME || family.empty()) return;
        const std::string_view name = value.text();
        out.tables.push_back({std::string(family), std::string(name.substr(0, name.find('\0')))});
    });
}

/// False at the end of the dump, or with `out.error` set.
bool take_messages(NftTables& out, Bytes rest) {
    using namespace linux_wire;
    while (rest.size() >= nl_header) {
        const std::size_t length = rest.u32(nl_length);
        if (length < nl_header || length > rest.size()) {
            out.error = EBADMSG;
            return false;
        }
        const Bytes message = rest.sub(nl_header, length - nl_header);
        const std::uint16_t type = rest.u16(nl_type);
        if (type == nlmsg_done) return false;
        if (type == NLMSG_ERROR) {
            out.error = message.size() >= 4 ? -static_cast<int>(message.u32(0)) : EBADMSG;
            return false;
        }
        if (type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE)) take_table(out, message);
        rest.skip((length + 3) & ~std::size_t{3});
    }
    return true;
}

} // namespace

Tristate has_part(std::string_view module, std::string_view symbol) {
    if (exists(fmt::format("/sys/module/{}", module))) return Tristate::Yes;
    const auto loaded = any_line(
        "/proc/modules", [&](std::string_view line) { return line.starts_with(fmt::format("{} ", module)); });
    if (loaded == true) return Tristate::Yes;
    const auto built_in = any_line(built_in_list(), [&](std::string_view line) {
        return line.ends_with(fmt::format("/{}.ko", module));
    });
    if (built_in == true) return Tristate::Yes;
    if (built_in && (loaded || exists("/sys/module"))) return Tristate::No;
    const auto symbols = any_line("/proc/kallsyms", [&](std::string_view line) {
        const std::size_t at = line.find(symbol);
        return at != std::string_view::npos && at != 0 && line[at - 1] == ' ' &&
               (at + symbol.size() == line.size() || line[at + symbol.size()] == '\t');
    });
    return tristate(symbols);
}

bool is_fixed() { return exists("/proc/self") && !exists("/proc/modules"); }

NftTables nft_tables() {
    NftTables out;
    const Descriptor netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    if (netlink.get() < 0) {
        out.error = errno;
        return out;
    }
    out.error = ask_tables(netlink.get());
    alignas(nlmsghdr) std::array<std::byte, 65536> buffer{};
    while (out.error == 0) {
        const ssize_t got = ::recv(netlink.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) out.error = got < 0 ? errno : EBADMSG;
        if (got <= 0 ||
            !take_messages(out, Bytes(std::span(buffer).first(static_cast<std::size_t>(got)), native_order)))
            break;
    }
    return out;
}

std::optional<std::vector<std::string>> legacy_tables(const char* file) {
    constexpr std::string_view wanted[] = {"raw", "mangle", "nat"};
    std::vector<std::string> names;
    errno = 0;
    std::ifstream stream(file);
    if (!stream) return errno == ENOENT ? std::optional(names) : std::nullopt;
    for (std::string line; std::getline(stream, line);)
        if (std::find(std::begin(wanted), std::end(wanted), line) != std::end(wanted)) names.push_back(line);
    return stream.bad() ? std::nullopt : std::optional(names);
}

} // namespace netstat46
