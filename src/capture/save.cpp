// What a source answers, kept in a directory.
#include "capture/capture_dir.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "capture/manifest.hpp"
#include "capture/record_stream.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

/// Files of a capture under way; removes what it wrote unless it is finished.
class CaptureWriter {
public:
    explicit CaptureWriter(fs::path directory) : directory_(std::move(directory)) {
        std::error_code error;
        if (!fs::exists(directory_, error)) {
            if (!fs::create_directory(directory_, error)) fail(directory_, error.message());
            created_ = true;
        } else if (!fs::is_directory(directory_, error)) {
            fail(directory_, "is not a directory; name a new or empty one");
        } else if (!fs::is_empty(directory_, error)) {
            fail(directory_, error ? error.message() : "is not empty; name a new or empty directory");
        }
    }
    CaptureWriter(const CaptureWriter&) = delete;
    CaptureWriter& operator=(const CaptureWriter&) = delete;
    ~CaptureWriter() {
        for (const auto& [name, fd] : open_) close(fd);
        if (finished_) return;
        std::error_code ignored;
        for (const std::string& name : written_) fs::remove(directory_ / name, ignored);
        if (created_) fs::remove(directory_, ignored);
    }

    void append(std::string_view name, std::span<const std::byte> bytes) {
        const int fd = descriptor(std::string(name));
        while (!bytes.empty()) {
            const ssize_t wrote = write(fd, bytes.data(), bytes.size());
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote < 0) fail(directory_ / name, std::strerror(errno));
            bytes = bytes.subspan(static_cast<std::size_t>(wrote));
        }
    }

    void append(std::string_view name, std::string_view text) {
        append(name, std::as_bytes(std::span(text)));
    }

    /// Closes what is open: it is on disk then, and can be read back.
    void flush() {
        for (const auto& [name, fd] : std::exchange(open_, {})) {
            const int error = fsync(fd) == 0 ? 0 : errno;
            if (close(fd) != 0 || error != 0)
                fail(directory_ / name, std::strerror(error != 0 ? error : errno));
        }
    }

    void finish(std::string_view manifest) {
        const std::string unfinished = fmt::format("{}.new", manifest_name);
        append(unfinished, manifest);
        flush();
        sync_directory();
        std::error_code error;
        fs::rename(directory_ / unfinished, directory_ / manifest_name, error);
        if (error) fail(directory_ / manifest_name, error.message());
        sync_directory();
        finished_ = true;
    }

private:
    [[noreturn]] static void fail(const fs::path& path, const std::string& why) {
        throw std::runtime_error(fmt::format("--save: {}: {}", path.string(), why));
    }

    /// Puts the names of the files on disk. Not every file system can, or needs to.
    void sync_directory() const {
        const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) return;
        fsync(fd);
        close(fd);
    }

    int descriptor(const std::string& name) {
        if (const auto found = open_.find(name); found != open_.end()) return found->second;
        const int fd = open(directory_ / name);
        open_.emplace(name, fd);
        written_.insert(name);
        return fd;
    }

    static int open(const fs::path& path) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (fd < 0) fail(path, std::strerror(errno));
        return fd;
    }

    fs::path directory_;
    bool created_ = false, finished_ = false;
    std::map<std::string, int> open_;
    std::set<std::string> written_;
};

/// What the sockets of a capture need names for.
struct Asked {
    std::set<std::pair<std::uint16_t, std::string>> services;
    std::set<std::uint8_t> ip_protocols;
    std::set<std::uint32_t> users;
    std::map<std::string, Address> hosts;
    std::set<std::uint32_t> interfaces;
    std::map<std::uint64_t, Holder> sockets; ///< TCP and UDP: owner key to who may be asked for its options
};

void note_endpoint(Asked& asked, const SocketRecord& socket, const Endpoint& end) {
    if (end.address.scope != 0) asked.interfaces.insert(end.address.scope);
    if (!is_unspecified(end.address)) {
        asked.hosts.emplace(address_text(end.address), end.address);
    }
    if (end.port == 0) return;
    if (socket.protocol == Protocol::Raw) {
        asked.ip_protocols.insert(static_cast<std::uint8_t>(end.port));
    } else {
        asked.services.emplace(end.port, service_protocol(socket.protocol));
    }
}

Asked names_asked(const Source& capture) {
    Asked asked;
    Request request;
    request.owners = true;
    for (const Protocol protocol :
         {Protocol::Tcp, Protocol::Sctp, Protocol::Udp, Protocol::UdpLite, Protocol::Raw})
        request.tables.push_back({protocol, true, true});
    const auto quiet = [](const Problem&) {};
    const BlockReader next = capture.blocks(request, quiet);
    TableNotes notes;
    SideTables side;
    SocketRecord record;
    SocketRecord* const place = &record;
    while (const auto block = next()) {
        const DecoderEntry* entry = find_decoder(capture.host.os, block->interface);
        const DecodeContext context{block->interface, &capture.host, quiet, &notes};
        const Bytes bytes(block->bytes, capture.host.byte_order);
        if (block->table == no_table) {
            entry->side(context)(bytes, side);
            continue;
        }
        const SocketDecoder decode = entry->sockets(context);
        for (const SocketRecord& socket : RecordStream(decode, bytes, place)) {
            note_endpoint(asked, socket, socket.local);
            note_endpoint(asked, socket, socket.foreign);
            if (socket.device != 0) asked.interfaces.insert(socket.device);
            if (socket.uid) asked.users.insert(*socket.uid);
            const bool has_port = socket.protocol == Protocol::Tcp || socket.protocol == Protocol::Udp;
            const auto holder = side.owners.lowest(socket.owner_key);
            if (has_port && holder && !socket.options) asked.sockets.emplace(socket.owner_key, *holder);
        }
    }
    for (const auto& [pid, process] : side.processes)
        if (process.uid) asked.users.insert(*process.uid);
    return asked;
}

void save_names(CaptureWriter& writer, const Asked& asked, const Names& names, bool resolve_hosts) {
    const auto row = [&](std::string_view file, const auto& key, std::string_view name) {
        if (!name.empty()) writer.append(file, fmt::format("{}\t{}\n", key, escaped_field(name)));
    };
    for (const std::uint32_t index : asked.interfaces) row("interfaces.tsv", index, names.interface(index));
    for (const auto& [port, protocol] : asked.services)
        row("services.tsv", fmt::format("{}/{}", port, protocol), names.service(port, protocol));
    for (const std::uint8_t number : asked.ip_protocols)
        row("services.tsv", fmt::format("{}/raw", number), names.ip_protocol(number));
    for (const std::uint32_t uid : asked.users) row("users.tsv", uid, names.user(uid));
    if (!resolve_hosts) return;
    std::vector<Address> addresses;
    for (const auto& [text, address] : asked.hosts) addresses.push_back(address);
    if (names.prefetch) names.prefetch(addresses);
    for (const auto& [text, address] : asked.hosts) row("hosts.tsv", text, names.host(address));
}

/// What decides over ports besides the sockets, where the host tells.
void save_port_facts(CaptureWriter& writer, const Asked& asked, const PortFacts& facts, Os os) {
    const auto written = [](std::optional<bool> option) { return !option ? "-" : *option ? "1" : "0"; };
    for (const auto& [key, holder] : asked.sockets) {
        const SocketOptions options = facts.options(holder);
        if (options.reuseaddr || options.reuseport)
            writer.append("socket_options.tsv",
                          fmt::format("{}\t{}\t{}\t{}\n", key, written(options.reuseaddr),
                                      written(options.reuseport), written(options.v6only)));
    }
    for (const Address& address : facts.addresses)
        writer.append("addresses.tsv", fmt::format("{}\n", address_text(address)));
    if (os == Os::Linux)
        writer.append("net.ipv4.ip_unprivileged_port_start", fmt::format("{}\n", facts.first_unprivileged));
    if (!facts.nat_rules.empty()) writer.append("nat_rules", facts.nat_rules);
}

} // namespace

void save_capture(const std::string& directory, const Source& source, const Names& names, bool resolve_hosts,
                  const ProblemSink& problem) {
    CaptureWriter writer(directory);
    Request request;
    request.everything = request.owners = request.half_open = request.bound = true;
    request.contexts = source.host.selinux;
    const BlockReader next = source.blocks(request, problem);
    while (const auto block = next()) writer.append(block->interface, block->bytes);
    writer.flush();
    const Asked asked = names_asked(captured_source(directory, source.host));
    save_names(writer, asked, names, resolve_hosts);
    HostFacts host = source.host;
    if (source.live) {
        const PortFacts facts = live_port_facts();
        save_port_facts(writer, asked, facts, host.os);
        host.nat = facts.nat;
    }
    writer.finish(manifest_of(host, "netstat46 --save"));
}

std::string escaped_field(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out;
}

} // namespace netstat46
