#include "ports/cures.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ports/explanation.hpp"
#include "ports/holders.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

constexpr std::size_t most_cures = 3;

/// Tries changes, and keeps those that the rules allow.
class Cures {
public:
    Cures(const PortHost& host, const BindRequest& request, const PortTable& table)
        : host_(host), request_(request), table_(table) {}

    /// Keeps `changed` if it may be bound while the sockets of `without` are gone.
    bool consider(std::string text, const BindRequest& changed,
                  const std::vector<std::size_t>& without = {}) {
        if (verdict(changed, without).outcome != Outcome::Ok) return false;
        if (found_.size() < most_cures) found_.push_back({std::move(text), changed, without});
        return true;
    }

    /// Ends the processes that are in the way, as long as there are some.
    void consider_stopping() {
        std::set<std::int32_t> pids;
        std::vector<std::size_t> gone;
        while (true) {
            const BindVerdict now = verdict(request_, gone);
            if (now.outcome == Outcome::Ok) break;
            const std::set<std::int32_t> next = pids_of(table_, now.because);
            const std::size_t before = pids.size();
            pids.insert(next.begin(), next.end());
            if (pids.size() == before) return; // what no process holds goes by itself, if at all
            gone = held_only_by(pids);
        }
        if (pids.empty()) return;
        const bool leaves = std::any_of(gone.begin(), gone.end(), [&](std::size_t row) {
            return is_connection(table_.bound_sockets[row]);
        });
        consider(fmt::format("stop pid{} {}{}", pids.size() > 1 ? "s" : "", fmt::join(pids, ", "),
                             leaves ? " (its connections may keep the port for a minute)" : ""),
                 request_, gone);
    }

    [[nodiscard]] std::vector<Cure> found() && { return std::move(found_); }

private:
    [[nodiscard]] BindVerdict verdict(const BindRequest& request,
                                      const std::vector<std::size_t>& without) const {
        std::vector<BoundSocket> left;
        for (const BoundSocket& bound : table_.bound_sockets)
            if (std::find(without.begin(), without.end(), bound.row) == without.end()) left.push_back(bound);
        return can_bind(host_, request, left).verdict;
    }

    [[nodiscard]] std::vector<std::size_t> held_only_by(const std::set<std::int32_t>& pids) const {
        std::vector<std::size_t> rows;
        for (const BoundSocket& bound : table_.bound_sockets) {
            const std::size_t row[] = {bound.row};
            const std::set<std::int32_t> holders = pids_of(table_, row);
            if (!holders.empty() && std::includes(pids.begin(), pids.end(), holders.begin(), holders.end()))
                rows.push_back(bound.row);
        }
        return rows;
    }

    const PortHost& host_;
    const BindRequest& request_;
    const PortTable& table_;
    std::vector<Cure> found_;
};

void consider_addresses(Cures& cures, const BindRequest& request) {
    if (!is_unspecified(unmapped(request.address))) return;
    const std::string_view protocol = name_of(request.protocol);
    BindRequest other = request;
    if (request.family == Family::Inet6) {
        other.v6only = true;
        if (!request.v6only) cures.consider(fmt::format("use {}6 ([::] with V6ONLY)", protocol), other);
        other.v6only = false;
        other.family = Family::Inet;
        other.address = {Family::Inet, {}, 0};
        if (!request.v6only) cures.consider(fmt::format("use {}4 (0.0.0.0)", protocol), other);
    }
    for (const char* loopback : {"127.0.0.1", "::1"}) {
        other.address = *parse_address(loopback);
        other.family = other.address.family;
        other.v6only = false;
        if (other.family == Family::Inet ? request.v6only : request.family == Family::Inet) continue;
        cures.consider(fmt::format("bind {} only", loopback), other);
    }
}

} // namespace

std::vector<Cure> cures_of(const PortHost& host, const BindRequest& request, const PortTable& table,
                           const BindVerdict& verdict) {
    if (verdict.outcome == Outcome::Ok) return {};
    Cures cures(host, request, table);
    BindRequest other = request;
    other.reuseaddr = true;
    if (!request.reuseaddr) cures.consider("set SO_REUSEADDR", other);
    const auto& because = verdict.because;
    const auto seconds = seconds_left(table, because);
    const bool leftovers = std::all_of(because.begin(), because.end(), [&](std::size_t row) {
        return table.bound_sockets[row].state == State::TimeWait;
    });
    if (seconds && leftovers) cures.consider(fmt::format("wait {} s", *seconds), request, because);
    if (verdict.outcome == Outcome::Refused && !because.empty()) cures.consider_stopping();
    if (verdict.error == "EACCES") {
        other = request;
        other.port = std::max<std::uint16_t>(host.first_unprivileged, 1);
        cures.consider(fmt::format("use a port from {} on", other.port), other);
    }
    consider_addresses(cures, request);
    return std::move(cures).found();
}

} // namespace netstat46
