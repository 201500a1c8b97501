// Asks a running OpenBSD kernel: kern.file and nothing else, but the portmapper where ports are to have
// names.
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/sysctl.h>

#include <net/route.h>

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "openbsd/live_portmap.hpp"
#include "openbsd/row.hpp"
#include "openbsd/wire.hpp"
#include "platform.hpp"
#include "posix/answers.hpp"
#include "posix/growing.hpp"
#include "posix/host.hpp"

namespace netstat46 {
namespace {

using Buffer = std::vector<std::byte>;

constexpr std::string_view by_file = "kern.file.byfile.socket", by_pid = "kern.file.bypid";
constexpr std::string_view portmap = "portmap.tsv";

/// sysctl(2), `kern.file`: 0 or an errno.
int ask_files(int op, int arg, Buffer& buffer) {
    constexpr int record = openbsd::kinfo_file::size;
    return read_growing(
        [=](void* room, std::size_t* size) {
            int mib[] = {CTL_KERN, KERN_FILE, op, arg, record, 0};
            if (room != nullptr) mib[5] = static_cast<int>(*size / record);
            return sysctl(mib, std::size(mib), room, size, nullptr, 0) == 0 ? 0 : errno;
        },
        buffer);
}

std::optional<NoAnswer> ask(std::string_view interface, Buffer& buffer) {
    int error = 0;
    if (interface == portmap)
        error = ask_portmapper(buffer);
    else if (interface == by_pid)
        error = ask_files(KERN_FILE_BYPID, -1, buffer);
    else
        error = ask_files(KERN_FILE_BYFILE, openbsd::dtype_socket, buffer);
    if (error == 0) return std::nullopt;
    return NoAnswer{std::generic_category().message(error), interface == portmap}; // mostly nobody runs one
}

/// One table holds the sockets of all protocols; it also marks which of them are alike.
std::vector<Question> questions_of(const Request& request) {
    std::vector<Question> questions;
    if (request.wanted.rpc_names || request.everything) questions.push_back({portmap});
    if (request.wanted.owners || request.everything) questions.push_back({by_pid});
    if (request.everything) {
        questions.push_back({by_file});
        return questions;
    }
    if (request.wanted.owners) questions.push_back({by_file});
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        if (!parts_of(openbsd_system, request.tables[table]).empty()) questions.push_back({by_file, table});
    return questions;
}

/// The numbers of all routing tables, blanks between them.
std::string routing_tables() {
    std::string text;
    for (int table = 0; table <= RT_TABLEID_MAX; ++table) {
        int mib[] = {CTL_NET, PF_ROUTE, 0, 0, NET_RT_TABLE, table};
        rt_tableinfo info;
        std::size_t size = sizeof info;
        if (sysctl(mib, std::size(mib), &info, &size, nullptr, 0) == 0)
            text += fmt::format("{}{}", text.empty() ? "" : " ", table);
    }
    return text;
}

} // namespace

BlockReader live_blocks(const Request& request, ProblemSink problem) {
    return answers_to(questions_of(request), ask, std::move(problem));
}

HostFacts live_host() {
    HostFacts host = posix_host(openbsd_system);
    host.particulars = {{"elem_size", std::to_string(openbsd::kinfo_file::size)},
                        {"euid", std::to_string(::geteuid())},
                        {"rtable", std::to_string(::getrtable())},
                        {"rtables", routing_tables()}};
    return host;
}

} // namespace netstat46
