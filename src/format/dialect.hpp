// A look: which rows a native netstat lists, in which order, and how each column is written. All of it data.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "arguments.hpp"
#include "capture/raw_block.hpp"
#include "capture/request.hpp"
#include "record/host_tables.hpp"
#include "record/names.hpp"
#include "record/socket_record.hpp"
#include "record/table_status.hpp"
#include "text.hpp"

namespace netstat46 {

/// What a cell may look at: one socket, who holds it, and all that is known besides.
struct Row {
    const SocketRecord& socket;
    std::optional<Owner> owner; ///< the holder with the lowest pid
    const HostTables& tables;
};

/// Appends its text, without padding, cleaned where it comes from outside.
using Cell = std::function<void(Text&, const Row&)>;

/// What a column is to whoever shows a socket in a few words.
enum class Role : std::uint8_t { None, Protocol, LocalAddress, Owner };

/// Widths as in printf: negative is left-aligned, 0 is as long as it gets; nothing is ever cut by a width.
struct Column {
    std::string gap; ///< before the title and before every cell
    std::string title;
    int title_width = 0;
    int width = 0;
    Cell cell;
    Role role = Role::None;
};

/// One pass over one table. The same table may be read by several sections.
struct Section {
    Table table;
    std::function<bool(const SocketRecord&)> selects; ///< the native options' own selection
    std::vector<Column> columns;

    struct End {
        std::optional<int> status; ///< the exit status if this is the end
        bool stop = false;         ///< no later section follows
        std::string error;         ///< for standard error
    };
    /// What is printed after its rows (footers, remarks) and whether the listing goes on; may be empty.
    std::function<End(Text&, const TableStatus&)> finish;
    /// Sockets that are not listed and yet make the heading appear; may be empty.
    std::function<bool(const SocketRecord&)> announces = nullptr;
    /// Called before each row: puts a heading, where a new group of rows begins. May be empty. Where it is
    /// not, the listing's heading stands only for rows that do not come.
    std::function<void(Text&, const SocketRecord&)> regroup = nullptr;
};

/// Some sockets, to be put in order.
using Sorter = std::function<void(std::vector<const SocketRecord*>&)>;

/// Sections under one heading.
struct Listing {
    std::string heading;        ///< whole lines
    bool heading_always = true; ///< else only before the first row
    std::vector<Section> sections;
    std::function<std::string()> late_heading =
        nullptr; ///< asked when it is due, instead of `heading`; may be empty
    /// Given every socket of its sections' tables, listed or not, before the first row is written: all of
    /// them are in memory then. Those that it drops are not listed. Empty: rows are written as they come.
    Sorter sort = nullptr;
};

/// The address whose name a look shows for one of a socket's two; an unspecified one has none.
using NamedAddress = Address (*)(const SocketRecord&, const Address&);

/// Everything one run prints, in order.
struct Plan {
    std::vector<Listing> listings;
    Wanted wanted;                        ///< what columns show besides the sockets
    KernelFilter filter;                  ///< what a kernel may leave out
    std::string epilogue;                 ///< for standard error, after all rows
    int status = 0;                       ///< if nothing else decides
    NamedAddress named_address = nullptr; ///< null: each as it is
};

/// What a plan is made from, besides the native options. All of it outlives the plan.
struct PlanContext {
    bool classic = false;
    const Names* names = nullptr; ///< already answers nothing for kinds that were asked to stay numbers
    const HostFacts* host = nullptr;
    bool all = false;   ///< list as if -a had been given (a selection of ours was)
    bool piped = false; ///< a program reads along: owners that were not asked for have names without blanks
};

/// Which kinds of names stay numbers.
struct Numeric {
    bool hosts = false, ports = false, users = false;
};

/// `names` without those kinds.
Names shown_names(Names names, const Numeric& numeric);

/// Print this and end.
struct Message {
    std::string out, error;
    int status = 0;
    enum class About : std::uint8_t { Mistake, Help, Version } about = About::Mistake;
    std::string sentence = {}; ///< getopt's on a mistake that it found, else empty
    std::string option = {};   ///< which is unknown; empty: the mistake is another one
};

/// `message` on the mistake that the last of `arguments` is.
Message as_mistake(Message message, const Arguments& arguments);

/// Not a socket listing: run the system's netstat with the native arguments.
struct NativeMode {
    std::string mode;    ///< `-r`
    std::string instead; ///< `ip route`, for a host without netstat
};

/// What native options ask for.
struct ParsedOptions {
    std::function<Plan(const PlanContext&)> plan;
    Numeric numeric;
    bool all = false, listening = false; ///< -a, -l: a selection of ours implies -a unless -l was given
    bool wide = false;                   ///< -W: rows are as long as they get
    bool owners_asked = false;           ///< -p on Linux: say why owners are missing
    double repeat_seconds = 0;           ///< 0: once
    std::vector<std::string>
        look_options;   ///< given options that only change the look and cannot go with --json (-A, -L, -c)
    std::string errors; ///< for standard error before the listing
    std::vector<std::string> operands; ///< that the native program ignores
};

using Parsed = std::variant<ParsedOptions, Message, NativeMode>;

/// What parsing may depend on.
struct ParseContext {
    bool classic = false;
    const HostFacts* host = nullptr; ///< decides between looks of one system (FreeBSD 13 and 15)
    bool posixly_correct = false;    ///< an operand ends the options of glibc's grammar too
};

/// One of the native program's options, as a shell completes it.
struct NativeOption {
    char letter;                ///< 0: it has a long name only
    std::string_view long_name; ///< without dashes; empty: it has a letter only
    std::string_view help;
    std::string_view value = {}; ///< what its value is; empty: it takes none
    std::string_view words = {}; ///< that the value may be, blanks between them
    bool list = false;           ///< several of them, with commas
};

/// One system's grammar and look.
struct Dialect {
    Parsed (*parse)(std::span<const std::string> arguments, const ParseContext&);
    /// The columns of internet sockets as -an lists them.
    std::vector<Column> (*internet_columns)(Protocol, const PlanContext&);
    int usage_status;                         ///< how the native program ends over a wrong option
    std::span<const LongOption> long_options; ///< that the native program knows; empty: it knows none
    std::span<const NativeOption> options;    ///< for completions
};

/// The titles of `columns`, padded and gapped, without a line end.
std::string heading_of(std::span<const Column> columns);

/// One row, padded and gapped, without a line end.
void put_row(Text& out, std::span<const Column> columns, const Row& row);

/// `+3` where three more processes hold the socket, else nothing.
std::string other_holders(const Row& row);

/// The columns that no native netstat has. The last of every system; the one before it but on Linux.
Column v6only_column();
Column process_pid_column();

} // namespace netstat46
