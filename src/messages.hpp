// The messages on standard error, as format strings: those that no single system has. What one system alone
// reports stands in a table of its own in its folder (System::messages).
//
// The manual's DIAGNOSTICS explains every one; tests/unit/diagnostics_test.cpp compares both ways. `{}`
// stands for what only the run knows, often another text of these tables.
#pragma once

#include <array>
#include <bit>
#include <string_view>
#include <vector>

namespace netstat46 {

struct Messages {
    // Options
    std::string_view needs_value = "{} needs a value: write {}";
    std::string_view takes_no_value = "{} takes no value: write {}";
    std::string_view wrong_value = "{}: `{}' {}; write {}";
    std::string_view empty = "is empty";
    std::string_view not_one_of = "is not {}";
    std::string_view not_a_color = "is not auto, always or never";
    std::string_view not_a_shell = "is not bash, zsh or fish";
    std::string_view wrong_selection = "{}: {}; write {}={}";
    std::string_view not_ports = "`{}' is not a port, range or service";
    std::string_view not_address = "`{}' is not an address, prefix or host";
    std::string_view not_interface = "`{}' is not an interface of this host";
    std::string_view not_pid = "`{}' is not a process id";
    std::string_view not_name = "`' is not a name";
    std::string_view not_user = "`{}' is not a user of this host";
    std::string_view not_state = "`{}' is not a state (as listen, established, time_wait)";
    std::string_view not_yes_or_no = "`{}' is neither yes nor no";
    std::string_view wrong_target = "{}: `{}' is not {}";
    std::string_view target_form = "[PROTO:][ADDR:]PORT, such as 8888, udp:53, 80,443 or [::1]:8888";
    std::string_view address_form = "[PROTO:][ADDR:]PORT, such as 8888, 127.0.0.1:8888 or udp:[::1]:53";
    std::string_view bind_form =
        "[PROTO:][ADDR:]PORT[,v6only][,reuseaddr][,reuseport][,uid=N], such as 0.0.0.0:8888,reuseaddr";
    std::string_view not_combined = "{} cannot be combined with {}";
    std::string_view asks_once = "{} asks once: leave out the option that repeats";
    std::string_view unknown_option = "unknown option {}; see --help";
    std::string_view option_meant = "unknown option {}; did you mean {}? See --help";
    std::string_view native_mistake = "{}; see --help";
    std::string_view ignored = "`{}' is ignored, as by netstat; see --help";
    std::string_view ignored_meant = "`{}' is ignored, as by netstat; did you mean {}? See --help";
    std::string_view not_help = "{}: write --help, --help=all or --help=native";
    std::string_view port_with_address = "`{}' names an address: write the port alone, and --address={}";
    std::string_view nothing_left = "{}: the native options leave nothing of `{}': leave out those that name "
                                    "another protocol or family";
    std::string_view not_inet6 = "an IPv6 address, which v6only is for";
    std::string_view question_in_other_mode =
        "a question about a port can be combined only with options of the socket list";
    std::string_view no_list = "{} is not a socket list: leave out {}";
    std::string_view no_list_in_capture = "{} is not a socket list: a capture cannot answer it";
    std::string_view nobody_to_ask = "{} is not a socket list and there is no other netstat to hand it to";
    std::string_view ask_instead = "{}; use `{}'";
    std::string_view given_rights =
        "{}: not with rights that the program's file gives (set-user-id, set-group-id, capabilities); use a "
        "copy without them";

    // Owners and names
    std::string_view no_process = "--pid: there is no process {}";
    std::string_view no_process_in_capture = "--pid: the capture names no process {}";
    std::string_view no_command = "--command: no process that holds a socket is called `{}'";
    std::string_view no_command_seen = "--command: no process that may be looked at is called `{}'";
    std::string_view commands_like = "--command: there is {}: write --command='*{}*'";
    std::string_view hidden_owners =
        "some owners are hidden (`-'): not every process may be looked at; try as root";
    std::string_view no_names = "names: {}; printed as numbers";
    std::string_view out_of_memory = "out of memory";

    // An interface, or a file of a capture
    std::string_view refused = "{}: {}";
    std::string_view nothing_read = "no kernel table could be read";
    std::string_view no_processes = "no processes";
    std::string_view damaged = "{}: {} at offset {}";
    std::string_view damaged_at = "{}: offset {}: {}";
    std::string_view grown = "{} has {} bytes, of which the first {} are read";
    std::string_view changed = "sockets may have been created or deleted while the table was read";
    std::string_view more_problems = "{}: further problems suppressed";
    std::string_view not_descriptor = "a line that is not a descriptor";
    std::string_view not_entry = "a line that is not an entry";
    std::string_view more_rules = "more rules than are read";
    std::string_view more_addresses = "more addresses than are read";

    // Questions about a port
    std::string_view table_missing = "{}: not in this capture, so the port cannot be judged";
    std::string_view nat_not_in_capture = "nat rules are not part of this capture";
    std::string_view nat_lost = "this capture lacks nat_rules";

    // Captures
    std::string_view save = "--save: {}: {}";
    std::string_view save_not_empty = "is not empty; name a new or empty directory";
    std::string_view save_not_directory = "is not a directory; name a new or empty one";
    std::string_view save_link = "is a link; name the directory itself";
    std::string_view save_of_another =
        "belongs to another user; name a new directory, or an empty one of your own";
    std::string_view save_writable =
        "others may write to it; name a new directory, or take that away with chmod go-w";
    std::string_view save_open = "cannot be kept from others: {}";
    std::string_view save_left = "--save: {}: not all of it could be removed: {}";
    std::string_view replay = "--replay: {}: {}";
    std::string_view replay_no_capture = "--replay: {}: {}; a capture is a directory that --save wrote";
    std::string_view manifest_without_system = "no line `os: NAME', where NAME is {}";
    std::string_view manifest_value = "{}: `{}' is not {}";
    std::string_view capture_cut = "a file of the capture became shorter while it was read";

    // Standard streams
    std::string_view output_failed = "standard output: {}";
    std::string_view output_closed = "standard output is closed";
    std::string_view no_descriptors = "a standard descriptor is closed, and none can be opened in its place";
};

inline constexpr Messages messages{};

/// All texts of a table, which has nothing else.
template <class Table>
std::vector<std::string_view> texts_of(const Table& table) {
    constexpr std::size_t count = sizeof(Table) / sizeof(std::string_view);
    static_assert(sizeof(Table) == count * sizeof(std::string_view));
    const auto texts = std::bit_cast<std::array<std::string_view, count>>(table);
    return {texts.begin(), texts.end()};
}

} // namespace netstat46
