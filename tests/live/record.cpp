// To be run as root in namespaces of its own, so that a capture holds nothing of this host:
//
//     unshare -fpu --mount-proc sh -c 'hostname linux.example.org; build/linux-release/live_tests --record
//     DIR'
#include "record.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

namespace fs = std::filesystem;

/// Words that are put before each other: every one of `first` with every one of `second`.
struct Grid {
    std::vector<std::string> first, second;
};

/// Which sockets; what of them, in which columns; and by which names. No timers, which go on.
const std::vector<Grid> zoo_grids{
    {{"-t", "-u", "-U", "-w", "-x"}, {"-n", "-an", "-ln"}},
    {{"-tan", "-uwan", "-xan"}, {"-e", "-ee", "-p", "-W", "-v", "-epW"}},
    {{"-u", "-w"}, {"-a", "-aW", "-lep"}},
};

const std::vector<Grid> ipv6_grids{
    {{"-6", "-t", "-u", "-A inet6"}, {"-an", "-anW", "-ln", "-anp"}},
    {{"-6", "-t", "-u"}, {"-a", "-aW", "-alep"}},
    {{"-x"}, {"-an", "-lnp"}},
};

/// A host that speaks IPv6 on three interfaces.
class Ipv6Host {
public:
    Ipv6Host() {
        command("ip link add v1 index 2 type veth peer name v2 index 3 && ip link set v1 up && ip link set "
                "v2 up");
        for (const char* address : {"fe80::1", "2001:db8:1::1", "fd00:1::a:b:c:d"})
            command(std::string("ip addr add ") + address + "/64 dev v1 nodad");
        for (const char* address : {"fe80::2", "2001:db8:2::1", "64:ff9b::1", "2002:c000:204::1", "1::8"})
            command(std::string("ip addr add ") + address + "/64 dev v2 nodad");
        listeners();
        connections();
        datagrams();
        unix_sockets();
    }

private:
    static void command(const std::string& line) {
        if (std::system(line.c_str()) != 0) std::fprintf(stderr, "%s: failed\n", line.c_str());
    }

    void keep(Fd socket) { kept_.push_back(std::make_unique<Fd>(std::move(socket))); }

    /// A bound socket with IPV6_V6ONLY 0 or 1; -1: as the kernel has it.
    static Fd bound(const Name& name, int type, int only) {
        Fd socket = open_socket(family_of(name), type);
        if (only >= 0) set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, only);
        set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
        if (!bind_to(socket, name)) std::fprintf(stderr, "%s: not bound\n", name.address.c_str());
        if (type == SOCK_STREAM) listen(socket.get(), 16);
        return socket;
    }

    void listeners() {
        const std::vector<std::pair<Name, int>> all{{{"::", 22}, 0},
                                                    {{"::", 80}, 1},
                                                    {{"0.0.0.0", 80}, -1},
                                                    {{"::1", 631}, -1},
                                                    {{"127.0.0.1", 631}, -1},
                                                    {{"2001:db8:1::1", 443}, -1},
                                                    {{"fd00:1::a:b:c:d", 443}, 0},
                                                    {{"64:ff9b::1", 443}, 1},
                                                    {{"2002:c000:204::1", 443}, -1},
                                                    {{"1::8", 443}, -1},
                                                    {{"fe80::1%2", 443}, -1},
                                                    {{"fe80::2%3", 443}, -1},
                                                    {{"::ffff:127.0.0.1", 8443}, 0},
                                                    {{"::ffff:0.0.0.0", 8444}, 0},
                                                    {{"::", 8445}, 0}};
        int number = 0;
        for (const auto& [name, only] : all) {
            const Fd socket = bound(name, SOCK_STREAM, only);
            owners_.add("/usr/sbin/server-" + std::to_string(number++), {&socket});
        }
    }

    void connections() {
        for (const auto& [from, to] :
             std::vector<std::pair<Name, Name>>{{{"::1", 40001}, {"::1", 9001}},
                                                {{"2001:db8:1::1", 40002}, {"2001:db8:2::1", 9002}},
                                                {{"fd00:1::a:b:c:d", 40003}, {"64:ff9b::1", 9003}},
                                                {{"2002:c000:204::1", 40004}, {"1::8", 9004}},
                                                {{"fe80::1%2", 40005}, {"fe80::1%2", 9005}},
                                                {{"::ffff:127.0.0.1", 40006}, {"::ffff:127.0.0.2", 9006}}}) {
            Pair pair = connected_pair(from, to);
            if (from.port % 2 == 0) shutdown(pair.client.get(), SHUT_WR);
            keep(std::move(pair.client));
            keep(std::move(pair.server));
        }
        Pair over = connected_pair({"2001:db8:1::1", 40010}, {"2001:db8:1::1", 9010});
        over.client = Fd(); // TIME_WAIT
    }

    void datagrams() {
        const std::vector<std::pair<Name, int>> all{{{"::", 546}, 0},
                                                    {{"::", 5353}, 1},
                                                    {{"0.0.0.0", 5353}, -1},
                                                    {{"ff02::fb%2", 5355}, -1},
                                                    {{"fe80::1%2", 546}, -1},
                                                    {{"fe80::2%3", 546}, -1},
                                                    {{"2001:db8:2::1", 53}, -1},
                                                    {{"::ffff:127.0.0.1", 53}, 0}};
        for (const auto& [name, only] : all) keep(bound(name, SOCK_DGRAM, only));
        Fd client = open_socket(AF_INET6, SOCK_DGRAM);
        bind_to(client, {"2001:db8:2::1", 5400});
        connect_to(client, {"2001:db8:1::1", 53});
        keep(std::move(client));
        for (const int protocol : {58, 89}) keep(open_socket(AF_INET6, SOCK_RAW, protocol));
    }

    void unix_sockets() {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return;
        for (const int fd : pair) keep(Fd(fd));
        Fd listener = open_socket(AF_UNIX, SOCK_STREAM);
        const sockaddr_un name{AF_UNIX, {'\0', 'i', 'p', 'v', '6'}};
        bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(sa_family_t) + 5);
        listen(listener.get(), 5);
        keep(std::move(listener));
    }

    std::vector<std::unique_ptr<Fd>> kept_;
    Holders owners_;
};

std::string file_name(std::string options) {
    std::replace(options.begin(), options.end(), ' ', '_');
    return options + ".txt";
}

/// One attempt. False if the native program and a replay of the capture differ: something has changed
/// meanwhile.
bool record_once(const fs::path& directory, const std::vector<std::string>& all) {
    fs::remove_all(directory);
    if (const Ran ran = ours("--save=" + directory.string() + " -a"); ran.status != 0) {
        std::fprintf(stderr, "%s", ran.error.c_str());
        return false;
    }
    std::map<std::string, std::string> same; ///< file by what it holds
    std::string lines;
    for (const std::string& options : all) {
        const Ran theirs = native(options);
        const Ran mine = ours("--classic --replay=" + directory.string() + " " + options);
        if (mine.out != theirs.out || mine.status != theirs.status) {
            std::fprintf(stderr, "%s %s differs\n%s----\n%s", directory.c_str(), options.c_str(),
                         theirs.out.c_str(), mine.out.c_str());
            return false;
        }
        fs::create_directory(directory / "expected");
        const auto [first, added] = same.emplace(theirs.out, file_name(options));
        if (added) std::ofstream(directory / "expected" / first->second, std::ios::binary) << theirs.out;
        lines += "linux/" + directory.filename().string() + "\t" + options + "\texpected/" + first->second +
                 "\t" + std::to_string(theirs.status) + "\n";
    }
    std::fputs(lines.c_str(), stdout);
    return true;
}

template <class Host, class... Arguments>
bool record_host(const fs::path& directory, const std::vector<Grid>& grids, Arguments... arguments) {
    std::vector<std::string> all;
    for (const Grid& grid : grids)
        for (const std::string& first : grid.first)
            for (const std::string& second : grid.second) all.push_back(first + " " + second);
    constexpr int attempts = 5;
    for (int i = 0; i < attempts; ++i) {
        if (const std::string missing = enter_namespaces(); !missing.empty()) {
            std::fprintf(stderr, "%s\n", missing.c_str());
            return false;
        }
        const Host host(arguments...);
        if (record_once(directory, all)) return true;
    }
    return false;
}

} // namespace

int record(const std::string& directory) {
    const fs::path place = directory;
    return record_host<Zoo>(place / "zoo-grids", zoo_grids, ZooNames::Plain) &&
                   record_host<Ipv6Host>(place / "ipv6", ipv6_grids)
               ? 0
               : 1;
}

} // namespace netstat46::live
