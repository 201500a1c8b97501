// /proc/net/unix. It prints names as they are, newlines included, so that a name can look like a row: where
// sock_diag has listed every socket's name, only what stands outside of names is believed.
#include "linux/decode.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "linux/own_messages.hpp"
#include "linux/proc_lines.hpp"
#include "linux/wire.hpp"
#include "parse.hpp"

namespace netstat46 {
namespace {

/// A row up to its inode, and where its name begins.
struct RowFront {
    UnixFacts facts;
    std::uint64_t inode = 0;
    bool named = false;
    std::size_t name_at = 0; ///< without a name: where the line ends
};

/// `address: refcnt protocol flags type state inode path`; the path is all that follows one blank after the
/// inode. `line` reaches to the first newline at least.
std::optional<RowFront> read_front(std::string_view line) {
    RowFront row;
    Words words(line);
    words.next(':');
    unsigned state = 0;
    if (!read_number(words.next(), row.facts.refs, 16) ||
        !read_number(words.next(), row.facts.protocol, 16) ||
        !read_number(words.next(), row.facts.flags, 16) || !read_number(words.next(), row.facts.type, 16) ||
        !read_number(words.next(), state, 16) || !read_number(words.next(), row.inode, 10))
        return std::nullopt;
    row.facts.state = static_cast<std::uint8_t>(state);
    row.name_at = line.size() - words.rest().size();
    row.named = row.name_at > 0 && line[row.name_at - 1] == ' ';
    return row;
}

bool read_row(std::string_view line, SocketRecord& record) {
    const auto row = read_front(line);
    if (!row) return false;
    record.clear();
    record.protocol = Protocol::Unix;
    record.family = Family::Local;
    record.inode = row->inode;
    record.owner_key = row->inode;
    record.unix_ = row->facts;
    record.unix_->path = line.substr(row->name_at);
    return true;
}

/// What stands for an address until the kernel has random numbers to hide it with (lib/vsprintf.c, 64 and 32
/// bits).
constexpr std::string_view hidden_addresses[] = {"(____ptrval____):", "(ptrval):"};

/// `0000000000000000: `, in 8 digits on a 32-bit kernel; all of a cut text may be its front.
bool starts_row(std::string_view text) {
    for (const std::string_view hidden : hidden_addresses)
        if (text.starts_with(hidden) || hidden.starts_with(text)) return true;
    const std::size_t digits = text.substr(0, 17).find_first_not_of("0123456789abcdefABCDEF");
    if (digits == std::string_view::npos) return text.size() <= 16;
    return text[digits] == ':' && (digits == 16 || digits == 8);
}

/// Where a row ends as far as its own text shows: where something that looks like another row begins.
std::size_t row_end(std::string_view text) {
    std::size_t end = text.find('\n');
    while (end != std::string_view::npos && !starts_row(text.substr(end + 1))) end = text.find('\n', end + 1);
    return end;
}

/// The longest name, sun_path, and the newline after it (linux/un.h).
constexpr std::size_t longest_name = 108 + 1;

/// Takes the text apart with the help of sock_diag's names, row by row from its begin: a row of a name that
/// is known ends where that name does, so what a name holds is never taken for a row.
class ProcUnixReader {
public:
    explicit ProcUnixReader(const DecodeContext& context) : context_(context) {}

    void operator()(Bytes block, HostTables& tables) {
        if (std::exchange(first_, false)) begin(block, tables);
        rest_ = block;
        if (!owed_.empty()) take_owed();
        while (!rest_.empty()) tables.unix_told ? take_row(tables) : count_row(tables);
    }

private:
    void begin(Bytes& block, const HostTables& tables) {
        const std::string_view text = block.text();
        const std::size_t end = line_end(text);
        if (is_heading(text.substr(0, end)))
            block.skip(end == std::string_view::npos ? text.size() : end + 1);
        for (const auto& [inode, socket] : tables.unix_sockets)
            if (socket.listens && socket.queues && !socket.path.empty())
                waiting_[socket.path] += socket.queues->receive;
    }

    /// What the block before has lacked of a row.
    void take_owed() {
        const std::string_view text = rest_.text();
        const std::size_t common = std::min(text.size(), owed_.size());
        if (text.substr(0, common) != std::string_view(owed_).substr(0, common)) {
            owed_.clear();
            certain_ = false;
            if (!starts_row(text)) skip_row();
            return;
        }
        owed_.erase(0, common);
        rest_.skip(common);
    }

    /// Up to what looks like the next row.
    void skip_row() {
        const std::size_t end = row_end(rest_.text());
        rest_.skip(end == std::string_view::npos ? rest_.size() : end + 1);
    }

    void take_row(HostTables& tables) {
        const auto row = front();
        if (!row) return;
        const auto known = row->inode != 0 ? tables.unix_sockets.find(row->inode) : tables.unix_sockets.end();
        bool taken = false;
        if (known != tables.unix_sockets.end()) {
            taken = take_known(*row, known->second);
            if (taken) last_ = row->inode;
        } else if (row->inode == 0) {
            taken = take_waiting(*row, tables);
        } else if (!row->named) { // it was made after sock_diag was asked
            rest_.skip(row->name_at + 1);
            taken = true;
        }
        if (taken) return;
        certain_ = false; // nobody can say where this name ends
        skip_row();
    }

    /// The row at the front. Nothing: there was none, and what stood there is skipped.
    std::optional<RowFront> front() {
        const std::string_view text = rest_.text();
        const std::size_t end = line_end(text);
        const bool whole = end != std::string_view::npos;
        auto row = whole ? read_front(text.substr(0, end)) : std::nullopt;
        if (row) return row;
        certain_ = false;
        say_damaged(context_, whole, rest_.offset(), false);
        skip_row();
        return std::nullopt;
    }

    /// Whether the row has the name that sock_diag has given.
    bool take_known(const RowFront& row, UnixDetails& socket) {
        if (row.named == socket.path.empty()) return false;
        const std::string name = socket.path + '\n';
        const std::string_view text = rest_.text().substr(row.name_at);
        const std::size_t common = std::min(text.size(), name.size());
        if (text.substr(0, common) != std::string_view(name).substr(0, common)) return false;
        owed_ = name.substr(common); // blocks end at newlines, of which a name may hold some
        rest_.skip(row.name_at + common);
        // Two rows of one socket that differ: one of them is a forgery.
        const bool differs = socket.refs && *socket.refs != row.facts.refs;
        socket.refs_disputed = socket.refs_disputed || differs;
        socket.refs = row.facts.refs;
        return true;
    }

    /// A connection that nobody has accepted has its listener's name and no inode; one that has no place in
    /// the listener's queue yet has no name either. sock_diag passes over both.
    bool take_waiting(const RowFront& row, HostTables& tables) {
        if (!row.named) {
            if (certain_) tables.unix_waiting.insert({last_, {row.facts, {}}});
            rest_.skip(row.name_at + 1);
            return true;
        }
        const std::string_view text = rest_.text().substr(row.name_at);
        auto found = waiting_.end();
        for (std::size_t end = line_end(text); end < std::min(text.size(), longest_name);
             end = text.find('\n', end + 1))
            if (const auto name = waiting_.find(text.substr(0, end));
                name != waiting_.end() && name->second > 0)
                found = name;
        if (found == waiting_.end()) return false;
        --found->second;
        tables.unix_waiting.insert({last_, {row.facts, found->first}});
        rest_.skip(row.name_at + found->first.size() + 1);
        return true;
    }

    /// Without sock_diag: which inodes occur twice.
    void count_row(HostTables& tables) {
        const auto row = read_front(rest_.text().substr(0, row_end(rest_.text())));
        skip_row();
        if (!row || row->inode == 0 || seen_.insert(row->inode).second) return;
        if (!tables.unix_doubled.insert(row->inode).second) return;
        context_.problem({fmt::format(linux_messages.doubled_inode, context_.interface, row->inode), false});
    }

    DecodeContext context_;
    Bytes rest_;
    bool first_ = true;
    bool certain_ = true;    ///< whatever looks like a row from here on is one
    std::string owed_;       ///< of the row that the last block ended in
    std::uint64_t last_ = 0; ///< inode of the last socket that sock_diag knows too
    std::map<std::string, std::uint64_t, std::less<>> waiting_; ///< connections by their listener's name
    std::unordered_set<std::uint64_t> seen_;
};

} // namespace

SocketDecoder proc_net_unix_decoder(const DecodeContext& context) {
    return line_decoder(context, false, row_end, read_row);
}

HostTablesDecoder proc_net_unix_side_decoder(const DecodeContext& context) { return ProcUnixReader(context); }

} // namespace netstat46
