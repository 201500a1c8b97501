#include "linux/live_nat.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "linux/live_nat_kernel.hpp"
#include "posix/child.hpp"

namespace netstat46 {
namespace {

using Known = NatKnown::State;

NatListing not_read(std::string reason) { return {{Known::NotRead, std::move(reason)}, {}}; }
NatListing none(std::string reason) { return {{Known::None, std::move(reason)}, {}}; }

/// The remedy for what is refused.
NatListing not_permitted() { return not_read(::geteuid() == 0 ? "CAP_NET_ADMIN is needed" : "run as root"); }

bool has_line(std::string_view text, std::string_view line) {
    const std::string wanted = fmt::format("{}\n", line);
    return text.starts_with(wanted) || text.find("\n" + wanted) != std::string_view::npos;
}

/// A family as iptables' tools name it.
struct Iptables {
    std::string_view family, heading, program, names;
};

constexpr Iptables both[] = {{"ip", "ipv4", "iptables", "/proc/net/ip_tables_names"},
                             {"ip6", "ipv6", "ip6tables", "/proc/net/ip6_tables_names"}};

/// Tables that iptables may have made: nft(8) does not write out all that is in them.
bool may_be_iptables(const NftTableName& table) {
    return table.family != "inet" && (table.name == "raw" || table.name == "mangle" || table.name == "nat");
}

/// What iptables has in nf_tables; `seen` gets the tables that it wrote out whole.
std::string save_nft(const Iptables& tools, const std::vector<NftTableName>& tables,
                     std::vector<std::string>& seen) {
    std::string text = fmt::format("# {}\n", tools.heading);
    for (const NftTableName& table : tables) {
        if (table.family != tools.family || !may_be_iptables(table)) continue;
        const ChildEnd end = run_child(fmt::format("{}-nft-save", tools.program), {"-t", table.name});
        // `# Table `nat' is incompatible, use 'nft' tool.'
        const bool whole = end.good() && has_line(end.out, "*" + table.name) &&
                           end.out.find("incompatible") == std::string::npos;
        if (!whole) continue;
        text += end.out;
        seen.push_back(fmt::format("{} {}", table.family, table.name));
    }
    return text;
}

/// One table of iptables' older place in the kernel, by whichever tool can read it; nothing if none can.
std::optional<std::string> save_legacy_table(const Iptables& tools, const std::string& table) {
    for (const char* end : {"-legacy-save", "-save"}) {
        const ChildEnd saved = run_child(fmt::format("{}{}", tools.program, end), {"-t", table});
        if (saved.good() && has_line(saved.out, "*" + table) &&
            saved.out.find("(nf_tables)") == std::string::npos)
            return saved.out;
    }
    return std::nullopt;
}

/// Whether nft(8) wrote of the table that iptables made it, whose rules it may not have understood.
bool is_garbled(const ChildEnd& listed, const NftTableName& table) {
    if (!may_be_iptables(table)) return false;
    const std::string managed = fmt::format("table {} {} is managed by iptables", table.family, table.name);
    for (const std::string* text : {&listed.out, &listed.error}) // which, depends on its version
        if (text->find(managed) != std::string::npos) return true;
    const std::size_t begin = listed.out.find(fmt::format("table {} {} {{", table.family, table.name));
    if (begin == std::string::npos) return true;
    const std::string_view text =
        std::string_view(listed.out).substr(begin, listed.out.find("\n}\n", begin) - begin);
    return text.find(" xt target ") != std::string_view::npos ||
           text.find(" xt match ") != std::string_view::npos;
}

/// Rules of nf_tables, iptables' among them, appended to `text`; an empty reason if they are all there.
std::string read_nft(const std::vector<NftTableName>& tables, std::string& text) {
    std::vector<std::string> seen;
    for (const Iptables& tools : both) text += save_nft(tools, tables, seen);
    const auto unseen = [&](const NftTableName& table) {
        const std::string name = fmt::format("{} {}", table.family, table.name);
        return std::find(seen.begin(), seen.end(), name) == seen.end();
    };
    const ChildEnd listed = run_child("nft", {"list", "ruleset"});
    if (listed.good()) text += fmt::format("# nft\n{}", listed.out);
    for (const NftTableName& table : tables) {
        if (!unseen(table)) continue;
        if (!listed.good() && listed.how == ChildEnd::How::NotFound) return "nft: not found; install it";
        if (!listed.good()) return fmt::format("nft: {}", why_of(listed));
        if (is_garbled(listed, table))
            return fmt::format("table {} {} is iptables', and iptables-nft-save does not show it",
                               table.family, table.name);
    }
    return {};
}

std::string read_legacy(const Iptables& tools, const std::vector<std::string>& tables, std::string& text) {
    if (tables.empty()) return {};
    text += fmt::format("# {} legacy\n", tools.heading);
    for (const std::string& table : tables) {
        const auto saved = save_legacy_table(tools, table);
        if (!saved) return fmt::format("{}-legacy-save does not show its table {}", tools.program, table);
        text += *saved;
    }
    return {};
}

} // namespace

NatListing linux_nat_rules() {
    NftTables nft;
    if (is_fixed() || has_part("nf_tables", "nft_do_chain") != Tristate::No) nft = nft_tables();
    // Without nf_tables or nfnetlink there are no such tables.
    if (nft.error == EPROTONOSUPPORT || nft.error == EOPNOTSUPP || nft.error == EINVAL) nft.error = 0;
    std::vector<std::string> legacy[std::size(both)];
    bool legacy_known = true;
    for (std::size_t i = 0; i < std::size(both); ++i) {
        auto names = legacy_tables(both[i].names.data());
        legacy_known &= names.has_value();
        if (names) legacy[i] = std::move(*names);
    }
    if (nft.error != 0 || !legacy_known) {
        if (has_part("nf_nat", "nf_nat_setup_info") == Tristate::No &&
            has_part("nf_tproxy_ipv4", "nf_tproxy_get_sock_v4") == Tristate::No &&
            has_part("nf_tproxy_ipv6", "nf_tproxy_get_sock_v6") == Tristate::No)
            return none("the kernel has no nf_nat");
        const bool refused = nft.error == 0 || nft.error == EPERM || nft.error == EACCES;
        return refused ? not_permitted() : not_read(std::strerror(nft.error));
    }
    const bool any = !nft.tables.empty() || !legacy[0].empty() || !legacy[1].empty();
    if (!any) return none("no table of nftables or iptables is there");
    NatListing out{{Known::Read, {}}, {}};
    std::string reason = nft.tables.empty() ? "" : read_nft(nft.tables, out.rules);
    for (std::size_t i = 0; i < std::size(both); ++i)
        if (reason.empty()) reason = read_legacy(both[i], legacy[i], out.rules);
    if (!reason.empty()) return not_read(std::move(reason));
    return out;
}

} // namespace netstat46
