// The live part against a kernel and a libproc made of functions: tables that grow, shrink, refuse or do not
// exist, processes that end, refuse or share sockets.
#include <libproc.h>
#include <sys/sysctl.h>

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "capture/capture_dir.hpp"
#include "capture/decoders.hpp"
#include "darwin/row.hpp"
#include "darwin/wire.hpp"
#include "kernel.hpp"
#include "platform.hpp"

namespace netstat46 {
namespace {

struct FakeProcess {
    std::string name;
    uid_t uid = 0;
    std::map<int, std::uint64_t> sockets; ///< descriptor to socket address; 0: closed before it was looked at
    std::set<int> files = {};
    int error = 0;     ///< of asking for its descriptors
    bool gone = false; ///< by the time that its name is asked for
};

struct FakeKernel : FakeInterfaces {
    std::map<int, FakeProcess> processes;
    int list_error = 0;
    std::size_t added = 0; ///< bytes at the end of structs, which only later kernels have
    std::string release = "24.5.0";
};

FakeKernel* kernel = nullptr;

std::vector<std::byte> list(std::size_t bytes = darwin_wire::xinpgen::size) {
    std::vector<std::byte> answer(bytes);
    answer.at(0) = std::byte{darwin_wire::xinpgen::size};
    return answer;
}

class DarwinLive : public LivePart<FakeKernel> {
protected:
    void SetUp() override { kernel = &fake; }
    void TearDown() override { kernel = nullptr; }

    /// What a listing would know of owners.
    HostTables owners() {
        Request request;
        request.wanted.owners = true;
        const HostFacts host = live_host();
        HostTables tables;
        TableStatus notes;
        for (const Given& given : read(request))
            find_decoder(darwin_system, given.interface)
                ->tables({given.interface, &host,
                          [&](const Problem& problem) { problems.push_back(problem.text); },
                          &notes})(Bytes(given.bytes, host.byte_order, given.offset), tables);
        return tables;
    }

    using LivePart::answers;
    void answers(const std::string& interface) { answers(interface, list()); }
};

using Names = std::vector<std::string>;

constexpr Table multipath{Protocol::Multipath, true, true};
constexpr Table kernel_control{Protocol::KernelControl};

TEST_F(DarwinLive, SocketsComeInTheOrderOfTheTables) {
    answers("net.inet.tcp.pcblist_n");
    answers("net.inet.udp.pcblist_n");
    const auto given = read(asking({udp, tcp}));
    ASSERT_EQ(given.size(), 2U);
    EXPECT_EQ(given[0].interface, "net.inet.udp.pcblist_n");
    EXPECT_EQ(given[0].table, 0U);
    EXPECT_EQ(given[1].interface, "net.inet.tcp.pcblist_n");
    EXPECT_EQ(given[1].table, 1U);
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, ATableThatGrewSinceItsSizeWasAskedIsReadWhole) {
    answers("net.inet.tcp.pcblist_n", list(1000000));
    fake.announced_less = 995000;
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].bytes.size(), 1000000U);
    EXPECT_GT(fake.asked["net.inet.tcp.pcblist_n"], 1);
}

TEST_F(DarwinLive, ATableThatKeepsGrowingIsCaughtUpWith) {
    const auto size_at = [](int call) { return std::size_t{10000} + 8000 * static_cast<std::size_t>(call); };
    fake.interfaces["net.inet.tcp.pcblist_n"] = [=](int call) { return Answer{list(size_at(call)), 0}; };
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(fake.asked["net.inet.tcp.pcblist_n"], 3);
    EXPECT_EQ(given[0].bytes.size(), size_at(3));
}

TEST_F(DarwinLive, ATableThatShrankIsAsLongAsItIs) {
    fake.interfaces["net.inet.tcp.pcblist_n"] = [](int call) {
        return Answer{list(call == 0 ? 50000 : 240), 0};
    };
    const auto given = read(asking({tcp}));
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].bytes, list(240));
}

TEST_F(DarwinLive, AnInterfaceThatDoesNotExistIsLeftOut) {
    answers("net.inet.tcp.pcblist_n");
    EXPECT_EQ(names(asking({udplite, raw, tcp})), Names{"net.inet.tcp.pcblist_n"});
    EXPECT_TRUE(problems.empty());
    EXPECT_TRUE(read(asking({raw})).empty());
}

TEST_F(DarwinLive, ARefusedInterfaceIsReportedAndTheNextFollows) {
    refuses("net.inet.tcp.pcblist_n", EPERM);
    answers("net.inet.udp.pcblist_n");
    EXPECT_EQ(names(asking({tcp, udp})), Names{"net.inet.udp.pcblist_n"});
    EXPECT_EQ(problems, Names{"net.inet.tcp.pcblist_n: Operation not permitted"});
}

TEST_F(DarwinLive, AnEmptyAnswerIsReported) {
    answers("net.inet.tcp.pcblist_n", {});
    answers("net.inet.udp.pcblist_n");
    EXPECT_EQ(names(asking({tcp, udp})), Names{"net.inet.udp.pcblist_n"});
    EXPECT_EQ(problems, Names{"net.inet.tcp.pcblist_n: empty answer"});
}

TEST_F(DarwinLive, TheMultipathTableIsUsuallyEmptyAndStillThere) {
    answers("net.inet.mptcp.pcblist", {});
    EXPECT_EQ(names(asking({multipath})), Names{"net.inet.mptcp.pcblist"});
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, NothingAtAllIsFatal) {
    refuses("net.inet.tcp.pcblist_n", EPERM);
    EXPECT_THROW(read(asking({tcp})), std::runtime_error);
}

TEST_F(DarwinLive, AnInterfaceAskedAgainAtOnceIsNotReadAgain) {
    answers("net.inet.raw.pcblist_n");
    const auto given = read(asking({raw, raw, raw}));
    ASSERT_EQ(given.size(), 3U);
    EXPECT_EQ(given[2].table, 2U);
    EXPECT_EQ(fake.asked["net.inet.raw.pcblist_n"], 1);
}

TEST_F(DarwinLive, UnixSocketsComeFromTheListThatThisReleasesNetstatReads) {
    for (const char* kind : {"stream", "dgram"})
        for (const char* form : {"pcblist64", "pcblist_n"})
            answers(std::string("net.local.") + kind + "." + form);
    EXPECT_EQ(names(asking({unix_domain})),
              (Names{"net.local.stream.pcblist_n", "net.local.dgram.pcblist_n"}));
    fake.release = "20.6.0";
    EXPECT_EQ(names(asking({unix_domain})),
              (Names{"net.local.stream.pcblist64", "net.local.dgram.pcblist64"}));
}

TEST_F(DarwinLive, WhicheverUnixListExistsWillDo) {
    answers("net.local.stream.pcblist64");
    answers("net.local.dgram.pcblist_n");
    for (const char* release : {"24.5.0", "20.6.0"}) {
        fake.release = release;
        EXPECT_EQ(names(asking({unix_domain})),
                  (Names{"net.local.stream.pcblist64", "net.local.dgram.pcblist_n"}));
    }
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, KernelControlIsThreeInterfaces) {
    const Names all{"net.systm.kctl.reg_list", "net.systm.kevt.pcblist", "net.systm.kctl.pcblist"};
    for (const std::string& name : all) answers(name);
    EXPECT_EQ(names(asking({kernel_control})), all);
}

TEST_F(DarwinLive, ACaptureAsksEveryInterfaceOnce) {
    for (const DecoderEntry& entry : darwin_decoders()) answers(std::string(entry.interface));
    fake.processes[1] = {"launchd", 0, {{3, 0xabc}}};
    Request request;
    request.everything = true;
    EXPECT_EQ(names(request),
              (Names{"proc.pid.fd", "processes.tsv", "net.inet.tcp.pcblist_n", "net.inet.udp.pcblist_n",
                     "net.inet.raw.pcblist_n", "net.inet.mptcp.pcblist", "net.local.stream.pcblist_n",
                     "net.local.dgram.pcblist_n", "net.systm.kctl.reg_list", "net.systm.kevt.pcblist",
                     "net.systm.kctl.pcblist"}));
    for (const auto& [name, times] : fake.asked) EXPECT_EQ(times, 1) << name;
}

TEST_F(DarwinLive, OwnersAreLinesOfDescriptorsThenProcesses) {
    fake.processes[600] = {"com.docker.backe", 501, {{12, 0xf00dfeed12345678}}, {0, 1, 2}};
    fake.processes[1] = {"launchd", 0, {{5, 0x10}, {4, 0x20}}};
    answers("net.inet.tcp.pcblist_n");
    Request request = asking({tcp});
    request.wanted.owners = true;
    const auto given = read(request);
    ASSERT_EQ(given.size(), 3U);
    EXPECT_EQ(given[0].interface, "proc.pid.fd");
    EXPECT_EQ(given[0].table, no_table);
    EXPECT_EQ(given[0].text(), "1\t4\t20\n1\t5\t10\n600\t12\tf00dfeed12345678\n");
    EXPECT_EQ(given[1].interface, "processes.tsv");
    EXPECT_EQ(given[1].text(), "1\tlaunchd\t0\n600\tcom.docker.backe\t501\n");
    EXPECT_EQ(given[2].interface, "net.inet.tcp.pcblist_n");
}

TEST_F(DarwinLive, WithoutOwnersLibprocIsNotAsked) {
    fake.list_error = EPERM;
    answers("net.inet.tcp.pcblist_n");
    EXPECT_EQ(names(asking({tcp})), Names{"net.inet.tcp.pcblist_n"});
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, ASocketKnowsAllItsHolders) {
    fake.processes[20] = {"worker", 70, {{7, 0xabc}}};
    fake.processes[10] = {"master", 0, {{6, 0xabc}, {8, 0xdef}}};
    const HostTables tables = owners();
    EXPECT_EQ(tables.owners.all(0xabc), (std::vector<Owner>{{10, 6}, {20, 7}}));
    EXPECT_EQ(tables.owners.lowest(0xdef), (Owner{10, 8}));
    EXPECT_EQ(tables.process(20)->name, "worker");
    EXPECT_EQ(tables.process(20)->uid, 70U);
    EXPECT_TRUE(tables.owners_read);
    EXPECT_FALSE(tables.owners_withheld);
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, OwnersAreFoundWhereALaterKernelReportsMore) {
    fake.processes[20] = {"worker", 70, {{7, 0xabc}}};
    for (const std::size_t added : {8U, 56U, 200U}) {
        fake.added = added;
        const HostTables tables = owners();
        EXPECT_EQ(tables.owners.lowest(0xabc), (Owner{20, 7})) << added;
        ASSERT_NE(tables.process(20), nullptr) << added;
        EXPECT_EQ(tables.process(20)->name, "worker");
    }
}

TEST_F(DarwinLive, ARefusedProcessIsMarkedAndStillHasItsName) {
    fake.processes[1] = {"launchd", 0, {{3, 0xabc}}, {}, EPERM};
    fake.processes[600] = {"mine", 501, {{4, 0xdef}}};
    Request request;
    request.wanted.owners = true;
    EXPECT_EQ(read(request).at(0).text(), "1\t-\tEPERM\n600\t4\tdef\n");
    const HostTables tables = owners();
    EXPECT_TRUE(tables.owners_withheld);
    EXPECT_FALSE(tables.owners.lowest(0xabc));
    EXPECT_EQ(tables.process(1)->name, "launchd");
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, AProcessThatEndsMeanwhileIsLeftOut) {
    fake.processes[10] = {"ended", 0, {{3, 0xabc}}, {}, ESRCH, true};
    fake.processes[20] = {"there", 0, {{3, 0xdef}}};
    const HostTables tables = owners();
    EXPECT_EQ(tables.process(10), nullptr);
    EXPECT_EQ(tables.owners.lowest(0xdef), (Owner{20, 3}));
    EXPECT_FALSE(tables.owners_withheld);
    EXPECT_TRUE(problems.empty());
}

TEST_F(DarwinLive, ADescriptorThatIsClosedMeanwhileIsLeftOut) {
    fake.processes[10] = {"busy", 0, {{3, 0}, {4, 0xabc}}};
    Request request;
    request.wanted.owners = true;
    EXPECT_EQ(read(request).at(0).text(), "10\t4\tabc\n");
}

TEST_F(DarwinLive, NoDescriptorOfVeryManyIsMissed) {
    FakeProcess busy{"busy", 0, {}};
    for (int fd = 0; fd < 10000; ++fd) busy.sockets[fd] = 0x1000U + static_cast<unsigned>(fd);
    fake.processes[10] = busy;
    const HostTables tables = owners();
    for (int fd = 0; fd < 10000; ++fd)
        ASSERT_EQ(tables.owners.lowest(0x1000U + static_cast<unsigned>(fd)), (Owner{10, fd}));
}

TEST_F(DarwinLive, NoProcessOfVeryManyIsMissedAndBlocksAreCutBetweenLines) {
    for (int pid = 1; pid <= 20000; ++pid)
        fake.processes[pid] = {"p", 0, {{3, 0x100000U + static_cast<unsigned>(pid)}}};
    Request request;
    request.wanted.owners = true;
    std::size_t blocks = 0, offset = 0;
    for (const Given& given : read(request)) {
        if (given.interface != "proc.pid.fd") continue;
        ++blocks;
        EXPECT_EQ(given.offset, offset);
        offset += given.bytes.size();
        EXPECT_EQ(given.text().back(), '\n');
    }
    EXPECT_GT(blocks, 1U);
    const HostTables tables = owners();
    for (int pid = 1; pid <= 20000; ++pid)
        ASSERT_EQ(tables.owners.lowest(0x100000U + static_cast<unsigned>(pid)), (Owner{pid, 3}));
    EXPECT_EQ(tables.processes.size(), 20000U);
}

TEST_F(DarwinLive, WithoutAListOfProcessesSocketsFollow) {
    fake.list_error = EPERM;
    answers("net.inet.tcp.pcblist_n");
    Request request = asking({tcp});
    request.wanted.owners = true;
    EXPECT_EQ(names(request), Names{"net.inet.tcp.pcblist_n"});
    EXPECT_EQ(problems, Names{"proc.pid.fd: Operation not permitted"});
}

TEST_F(DarwinLive, ANameThatIsNoTextSurvivesTheTable) {
    fake.processes[10] = {"a\tb\n\x1b[2J", 0, {}};
    EXPECT_EQ(owners().process(10)->name, "a\tb\n\x1b[2J");
}

TEST_F(DarwinLive, TheHostIsThisOne) {
    const HostFacts host = live_host();
    EXPECT_EQ(host.system, &darwin_system);
    EXPECT_EQ(host.release, "24.5.0");
    EXPECT_EQ(host.kernel, "xnu-11417.121.6~2");
    EXPECT_EQ(host.machine, "arm64");
    EXPECT_EQ(host.hostname, "mac.local");
    EXPECT_NE(host.visibility, Visibility::NotTold);
    EXPECT_EQ(host.time.size(), std::string("2000-01-01T00:00:00Z").size());
}

TEST_F(DarwinLive, ASetUserIdCopyHasGivenRights) {
    EXPECT_FALSE(has_given_rights());
    fake.set_user_id = true;
    EXPECT_TRUE(has_given_rights());
}

} // namespace
} // namespace netstat46

using netstat46::kernel;

namespace {

/// What libproc does with a list: as much as there is room for, and its size in bytes.
template <class Item>
int filled(const std::vector<Item>& items, void* buffer, int size) {
    const std::size_t bytes =
        std::min(items.size(), static_cast<std::size_t>(size) / sizeof(Item)) * sizeof(Item);
    if (bytes > 0) std::memcpy(buffer, items.data(), bytes);
    return static_cast<int>(bytes);
}

} // namespace

extern "C" int issetugid() { return netstat46::kernel->set_user_id ? 1 : 0; }

extern "C" int sysctlbyname(const char* name, void* old_value, size_t* old_size, void*, size_t) {
    return netstat46::ask(*kernel, name, old_value, old_size);
}

extern "C" int sysctl(int* name, unsigned name_length, void* old_value, size_t* old_size, void*, size_t) {
    if (name_length != 4 || name[0] != CTL_KERN || name[1] != KERN_PROC || name[2] != KERN_PROC_PID)
        return netstat46::failed(ENOENT);
    const auto found = kernel->processes.find(name[3]);
    if (found == kernel->processes.end() || found->second.gone) { // the kernel has no error for it
        *old_size = 0;
        return 0;
    }
    kinfo_proc process{};
    found->second.name.copy(process.kp_proc.p_comm, sizeof process.kp_proc.p_comm - 1);
    process.kp_eproc.e_ucred.cr_uid = found->second.uid;
    if (*old_size < sizeof process + kernel->added) return netstat46::failed(ENOMEM);
    std::memcpy(old_value, &process, sizeof process);
    *old_size = sizeof process + kernel->added;
    return 0;
}

extern "C" int proc_listpids(uint32_t type, uint32_t, void* buffer, int size) {
    if (kernel->list_error != 0 || type != PROC_ALL_PIDS) return netstat46::failed(kernel->list_error, 0);
    std::vector<int> pids;
    for (const auto& [pid, process] : kernel->processes) pids.insert(pids.begin(), pid);
    return filled(pids, buffer, size);
}

extern "C" int proc_pidinfo(int pid, int flavor, uint64_t, void* buffer, int size) {
    const netstat46::FakeProcess& process = kernel->processes.at(pid);
    if (process.error != 0 || flavor != PROC_PIDLISTFDS) return netstat46::failed(process.error, 0);
    std::vector<proc_fdinfo> descriptors;
    for (const int fd : process.files) descriptors.push_back({fd, PROX_FDTYPE_VNODE});
    for (const auto& [fd, socket] : process.sockets) descriptors.push_back({fd, PROX_FDTYPE_SOCKET});
    return filled(descriptors, buffer, size);
}

extern "C" int proc_pidfdinfo(int pid, int fd, int flavor, void* buffer, int size) {
    const auto& sockets = kernel->processes.at(pid).sockets;
    const auto found = sockets.find(fd);
    if (flavor != PROC_PIDFDSOCKETINFO || found == sockets.end() || found->second == 0)
        return netstat46::failed(EBADF, 0);
    socket_fdinfo socket{};
    socket.psi.soi_so = found->second;
    const std::size_t whole = sizeof socket + kernel->added;
    if (static_cast<std::size_t>(size) < whole) return netstat46::failed(ENOMEM, 0);
    std::memcpy(buffer, &socket, sizeof socket);
    return static_cast<int>(whole);
}

/// This host's, as a Mac would have it.
extern "C" int uname(utsname* names) noexcept {
    const auto set = [](auto& field, const std::string& text) { text.copy(field, sizeof field - 1); };
    *names = {};
    set(names->sysname, "Darwin");
    set(names->release, kernel == nullptr ? "24.5.0" : kernel->release);
    set(names->nodename, "mac.local");
    set(names->machine, "arm64");
    set(names->version, "Darwin Kernel Version 24.5.0; root:xnu-11417.121.6~2/RELEASE");
    return 0;
}
