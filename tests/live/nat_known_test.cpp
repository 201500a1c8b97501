// "Not read" and "none" are two things: who may not ask, whose tools are missing or fail, and what a capture
// of that says later.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

#include <grp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>

#include <gtest/gtest.h>

#include "posix/child.hpp"
#include "run.hpp"
#include "zoo.hpp"

namespace netstat46::live {
namespace {

namespace fs = std::filesystem;

constexpr const char* asked = "--who-answers=127.0.0.1:8888";
constexpr const char* row = "tcp        0      0 0.0.0.0:8888            0.0.0.0:*               LISTEN";

class NatKnownLive : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string missing = enter_namespaces(); !missing.empty()) GTEST_SKIP() << missing;
        if (run_child("nft", {"--version"}).how == ChildEnd::How::NotFound)
            GTEST_SKIP() << "nft is not installed";
        listener_ = open_socket(AF_INET, SOCK_STREAM);
        ASSERT_TRUE(bind_to(listener_, {"0.0.0.0", 8888}));
        ASSERT_EQ(listen(listener_.get(), 4), 0);
        char name[] = "/tmp/netstat46-nat-XXXXXX";
        scratch_ = mkdtemp(name);
        fs::permissions(scratch_, fs::perms::all);
    }

    void TearDown() override {
        for (auto path = covered_.rbegin(); path != covered_.rend(); ++path)
            umount2(path->c_str(), MNT_DETACH);
        if (!scratch_.empty()) fs::remove_all(scratch_);
    }

    static bool nft(const std::string& rules) { return run_child("nft", {rules}).good(); }

    /// Every copy of the program in the system's directories is `script` from now on; without one it is
    /// nothing that can be run.
    void cover(const std::string& program, const std::string& script = "") {
        const std::string stand_in = (scratch_ / program).string();
        std::ofstream(stand_in) << script;
        chmod(stand_in.c_str(), script.empty() ? 0644 : 0755);
        for (const char* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
            const std::string path = directory + program;
            if (fs::exists(path) && mount(stand_in.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0)
                covered_.push_back(path);
        }
    }

    /// The answer is the listener's row, and depends on rules that could not be read, for `reason`.
    static void expect_not_read(const std::string& reason, const Way& way = {}) {
        const Ran said = ours(asked, way);
        EXPECT_EQ(said.status, 3) << said.out << said.error;
        EXPECT_EQ(said.out.find(row), 0U) << said.out;
        EXPECT_NE(said.out.find("tcp 127.0.0.1:8888: depends: NAT rules could not be read: " + reason),
                  std::string::npos)
            << said.out;
        const Ran explained = ours("--explain=8888", way);
        EXPECT_EQ(explained.status, 0);
        const std::string sentence = std::regex_replace(explained.out, std::regex("\n  "), " ");
        const std::size_t once = sentence.find("NAT rules could not be read: " + reason);
        EXPECT_NE(once, std::string::npos) << explained.out;
        EXPECT_EQ(sentence.find("NAT rules", once + 1), std::string::npos) << "once";
        EXPECT_EQ(ours("--can-bind=127.0.0.1:7999", way).status, 0) << "rules do not matter to bind";
        const Ran json = ours(std::string("--json ") + asked, way);
        EXPECT_NE(json.out.find("\"nat_rules\":\"not read\",\"nat_rules_reason\":\"" + reason),
                  std::string::npos)
            << json.out;
        EXPECT_NE(json.out.find("\"certainty\":\"depends\",\"depends_on\":\"nat rules\""), std::string::npos);
    }

    static void expect_certain(const std::string& known) {
        const Ran said = ours(asked);
        EXPECT_EQ(said.status, 0) << said.out << said.error;
        EXPECT_EQ(said.out.find("NAT"), std::string::npos) << said.out;
        EXPECT_NE(ours(std::string("--json ") + asked).out.find("\"nat_rules\":\"" + known + "\""),
                  std::string::npos);
    }

    Fd listener_;
    fs::path scratch_;
    std::vector<std::string> covered_;
};

const std::string other_rule =
    "add table ip nat; add chain ip nat out { type nat hook output priority -100; }; "
    "add rule ip nat out tcp dport 8889 redirect to :9999";

void become_nobody() {
    if (setgroups(0, nullptr) != 0 || setuid(65534) != 0) _exit(126);
}

/// Stays root, without the capability.
void give_up_net_admin() {
    if (prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0) != 0) _exit(126);
}

TEST_F(NatKnownLive, WithoutTablesThereAreNoRulesEvenWithoutTools) {
    expect_certain("none");
    cover("nft", "#!/bin/sh\nexit 1\n");
    cover("iptables-nft-save");
    expect_certain("none");
}

TEST_F(NatKnownLive, RulesThatDoNotMatterLeaveTheAnswerCertain) {
    ASSERT_TRUE(nft(other_rule));
    expect_certain("read");
}

TEST_F(NatKnownLive, WhoMayNotAskDepends) {
    Way nobody;
    nobody.in_child = become_nobody;
    expect_not_read("run as root", nobody);
    Way incapable;
    incapable.in_child = give_up_net_admin;
    expect_not_read("CAP_NET_ADMIN is needed", incapable);
}

TEST_F(NatKnownLive, AKernelWithoutNatHasNoRulesWhoeverAsks) {
    const auto put = [&](const std::string& path, const std::string& text) {
        const std::string stand_in = (scratch_ / ("stand-in-" + std::to_string(covered_.size()))).string();
        std::ofstream(stand_in) << text;
        chmod(stand_in.c_str(), 0644);
        if (fs::exists(path) && mount(stand_in.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0)
            covered_.push_back(path);
    };
    for (const char* directory : {"/sys/module", "/lib/modules"})
        if (fs::exists(directory) && mount("none", directory, "tmpfs", 0, nullptr) == 0)
            covered_.emplace_back(directory);
    put("/proc/modules", "other 16384 0 - Live 0x0000000000000000\n");
    put("/proc/kallsyms", "0000000000000000 T start_kernel\n0000000000000000 t my_nf_nat_setup_info\n");
    Way nobody;
    nobody.in_child = become_nobody;
    EXPECT_EQ(ours(asked, nobody).status, 0);
    EXPECT_NE(ours(std::string("--json ") + asked, nobody).out.find("\"nat_rules\":\"none\""),
              std::string::npos);
    put("/proc/kallsyms",
        "0000000000000000 T start_kernel\n0000000000000000 t nf_nat_setup_info\t[nf_nat]\n");
    EXPECT_EQ(ours(asked, nobody).status, 3);
    put("/proc/kallsyms", "0000000000000000 T start_kernel\n");
    fs::create_directory("/sys/module/nf_nat");
    EXPECT_EQ(ours(asked, nobody).status, 3);
    fs::remove("/sys/module/nf_nat");
    put("/proc/modules", "nf_nat 16384 0 - Live 0x0000000000000000\n");
    const int status = ours(asked, nobody).status;
    EXPECT_EQ(status, fs::exists("/proc/modules") ? 3 : 0);
}

TEST_F(NatKnownLive, AnNftThatIsMissingOrFailsIsNotNone) {
    ASSERT_TRUE(nft(other_rule));
    cover("nft", "#!/bin/sh\necho 'Error: no luck' >&2\nexit 1\n");
    expect_not_read("nft: ended with 1: Error: no luck");
    cover("nft", "#!/bin/sh\nkill -9 $$\n");
    expect_not_read("nft: ended by signal 9");
    cover("nft");
    expect_not_read("nft: not found; install it");
}

TEST_F(NatKnownLive, AnNftThatHangsOrFloodsIsEnded) {
    ASSERT_TRUE(nft(other_rule));
    cover("nft", "#!/bin/sh\nexec cat /dev/zero\n");
    expect_not_read("nft: killed, since it wrote too much");
    cover("nft", "#!/bin/sh\nexec sleep 60\n");
    const Ran said = ours(asked);
    EXPECT_EQ(said.status, 3);
    EXPECT_NE(said.out.find("nft: killed, since it took too long"), std::string::npos) << said.out;
}

TEST_F(NatKnownLive, ItsEnvironmentIsNotOurs) {
    ASSERT_TRUE(nft(other_rule));
    cover("nft", "#!/bin/sh\nenv >" + (scratch_ / "environment").string() + "\nexit 1\n");
    Way way;
    way.environment = {"LD_NETSTAT46=x", "IFS=x"};
    ours(asked, way);
    std::ifstream file(scratch_ / "environment");
    std::string seen;
    for (std::string line; std::getline(file, line);)
        if (!line.starts_with("PWD=") && !line.starts_with("SHLVL=") && !line.starts_with("_="))
            seen += line + "\n"; // the shell's
    EXPECT_EQ(seen, "PATH=/usr/sbin:/sbin:/usr/bin:/bin\n");
}

TEST_F(NatKnownLive, TablesOfIptablesAreReadByIptables) {
    const std::string rule = " -t nat -A OUTPUT -p tcp -m multiport --dports 8889 -j REDIRECT";
    for (const std::string home : {"nft", "legacy"}) {
        if (!run_child("sh", {"-c", "iptables-" + home + rule}).good()) continue;
        expect_certain("read");
        cover("nft", "#!/bin/sh\nexit 1\n");
        expect_certain("read"); // iptables-save shows all there is
        cover("iptables-" + home + "-save");
        if (home == "legacy") cover("iptables-save");
        const Ran said = ours(asked);
        EXPECT_EQ(said.status, 3) << home << said.out;
        while (!covered_.empty()) {
            umount2(covered_.back().c_str(), MNT_DETACH);
            covered_.pop_back();
        }
        // nft alone loses what is iptables'.
        cover("iptables-" + home + "-save");
        if (home == "legacy") cover("iptables-save");
        EXPECT_EQ(ours(asked).status, 3) << home;
        while (!covered_.empty()) {
            umount2(covered_.back().c_str(), MNT_DETACH);
            covered_.pop_back();
        }
        run_child("sh", {"-c", "iptables-" + home + " -t nat -F; nft flush ruleset"});
    }
}

TEST_F(NatKnownLive, AListingThatNftCallsIptablesIsNotTrusted) {
    ASSERT_TRUE(nft(other_rule));
    cover("nft", "#!/bin/sh\necho '# Warning: table ip nat is managed by iptables-nft, do not touch!'\n"
                 "printf 'table ip nat {\\n}\\n'\n");
    expect_not_read("table ip nat is iptables', and iptables-nft-save does not show it");
}

TEST_F(NatKnownLive, ACaptureSaysWhichItWas) {
    const auto saved = [&](const std::string& name, const Way& way = {}) {
        const std::string directory = (scratch_ / name).string();
        EXPECT_EQ(ours("-n --save=" + directory, way).status, 0) << name;
        std::ifstream manifest(directory + "/manifest");
        return std::string(std::istreambuf_iterator<char>(manifest), {});
    };
    const auto replayed = [&](const std::string& name) {
        return ours("--replay=" + (scratch_ / name).string() + " " + asked);
    };

    EXPECT_NE(saved("none").find("\nnat_rules: none\n"), std::string::npos);
    EXPECT_EQ(replayed("none").status, 0);
    EXPECT_EQ(replayed("none").error, "");

    Way nobody;
    nobody.in_child = become_nobody;
    EXPECT_NE(saved("unread", nobody).find("\nnat_rules: not read\nnat_rules_reason: run as root\n"),
              std::string::npos);
    const Ran unread = replayed("unread");
    EXPECT_EQ(unread.status, 3);
    EXPECT_NE(unread.out.find("NAT rules could not be read: run as root (when this was saved)"),
              std::string::npos)
        << unread.out;

    ASSERT_TRUE(nft(other_rule));
    EXPECT_NE(saved("read").find("\nnat_rules: read\n"), std::string::npos);
    EXPECT_EQ(replayed("read").status, 0);
    ASSERT_TRUE(nft("add rule ip nat out tcp dport 8888 redirect to :9999"));
    saved("taken");
    EXPECT_EQ(replayed("taken").status, 3);
    EXPECT_NE(replayed("taken").out.find("it leads to 127.0.0.1:9999, answered by nobody"), std::string::npos)
        << replayed("taken").out;

    fs::remove(scratch_ / "read/nat_rules");
    EXPECT_EQ(replayed("read").status, 3) << "the manifest says that there were some";
    // A capture of an earlier version says nothing.
    std::ofstream(scratch_ / "none/manifest") << "os: linux\nrelease: 6.1.0\nbyte_order: little\n";
    const Ran old = replayed("none");
    EXPECT_EQ(old.status, 0);
    EXPECT_EQ(old.error, "netstat46: nat rules are not part of this capture\n");
}

TEST_F(NatKnownLive, ARuleLeadsToTheSocketThatAnswersThere) {
    ASSERT_TRUE(nft("add table ip nat; add chain ip nat out { type nat hook output priority -100; }; "
                    "add rule ip nat out tcp dport 8889 redirect to :8888"));
    const Ran said = ours("--who-answers=127.0.0.1:8889");
    EXPECT_EQ(said.status, 3);
    EXPECT_NE(said.out.find("tcp 127.0.0.1:8889: it leads to 127.0.0.1:8888, answered by tcp 0.0.0.0:8888"),
              std::string::npos)
        << said.out;
    const Ran json = ours("--json --who-answers=127.0.0.1:8889");
    EXPECT_NE(
        json.out.find("\"leads_to\":{\"address\":\"127.0.0.1\",\"port\":8888,\"answered_by\":[{\"socket\":"),
        std::string::npos)
        << json.out;
}

TEST_F(NatKnownLive, WhatNobodyCanConnectToNoRuleChanges) {
    Way nobody;
    nobody.in_child = become_nobody;
    EXPECT_EQ(ours("--who-answers=224.0.0.1:8888", nobody).out.find("NAT"), std::string::npos);
    EXPECT_EQ(ours("--who-answers=255.255.255.255:8888", nobody).out.find("NAT"), std::string::npos);
}

} // namespace
} // namespace netstat46::live
