#include "capture/capture_dir.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "capture/decoders.hpp"
#include "capture/record_stream.hpp"
#include "parse.hpp"
#include "record/address.hpp"

namespace netstat46 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "manifest";

// ---- Replay

/// A file in memory, read-only. Pages come and go with the kernel's will, so that a capture may be larger
/// than memory.
class MappedFile {
public:
    explicit MappedFile(const fs::path& path) {
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe is not waited for
        if (fd < 0) {
            error_ = errno;
            return;
        }
        struct stat status {};
        if (fstat(fd, &status) != 0) {
            error_ = errno;
        } else if (S_ISDIR(status.st_mode)) {
            error_ = EISDIR;
        } else if (!S_ISREG(status.st_mode)) {
            error_ = EINVAL;
        } else if (status.st_size > 0) {
            size_ = static_cast<std::size_t>(status.st_size);
            data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
            if (data_ == MAP_FAILED) {
                error_ = errno;
                data_ = nullptr;
                size_ = 0;
            } else {
                madvise(data_, size_, MADV_SEQUENTIAL);
            }
        }
        close(fd);
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile() {
        if (data_ != nullptr) munmap(data_, size_);
    }

    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(data_), size_};
    }

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
    int error_ = 0;
};

/// One file to be handed out, and what it answers.
struct Part {
    std::string interface;
    std::size_t table = no_table;
};

std::vector<std::string> files_of(const fs::path& directory) {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// Whether every system's captures have it: names, not one system's way of telling who holds a socket.
bool everyones(const DecoderEntry& entry) {
    const std::span<const DecoderEntry> shared = side_tables();
    return std::any_of(shared.begin(), shared.end(),
                       [&](const DecoderEntry& each) { return &each == &entry; });
}

/// The files of a capture that answer `request`: side tables first, then sockets in the order of its tables.
std::vector<Part> parts_for(const Request& request, Os os, const std::vector<std::string>& files) {
    const auto has = [&](std::string_view name) {
        return std::binary_search(files.begin(), files.end(), name);
    };
    std::vector<Part> sockets;
    std::set<std::string, std::less<>> used;
    for (std::size_t table = 0; table < request.tables.size(); ++table)
        for (const auto& alternatives : parts_of(os, request.tables[table])) {
            const auto first = std::find_if(alternatives.begin(), alternatives.end(),
                                            [&](const DecoderEntry* entry) { return has(entry->interface); });
            if (first == alternatives.end()) continue;
            sockets.push_back({std::string((*first)->interface), table});
            used.emplace((*first)->interface);
        }
    std::vector<Part> parts;
    for (const std::string& file : files) {
        const DecoderEntry* entry = find_decoder(os, file);
        if (entry == nullptr || entry->side == nullptr || used.contains(file)) continue;
        if (entry->sockets != nullptr && !request.half_open) continue;
        if (entry->sockets == nullptr && !everyones(*entry) && !(request.*entry->side_wanted)) continue;
        parts.push_back({file, no_table});
    }
    parts.insert(parts.end(), sockets.begin(), sockets.end());
    return parts;
}

class ReplayReader {
public:
    ReplayReader(fs::path directory, std::vector<Part> parts, ProblemSink problem)
        : directory_(std::move(directory)), parts_(std::move(parts)), problem_(std::move(problem)) {}

    std::optional<RawBlock> operator()() {
        while (next_ < parts_.size()) {
            const Part& part = parts_[next_++];
            file_ = std::make_unique<MappedFile>(directory_ / part.interface);
            if (file_->error() == 0) return RawBlock{part.interface, file_->bytes(), part.table, 0};
            problem_({fmt::format("{}: {}", (directory_ / part.interface).string(),
                                  std::strerror(file_->error()))});
        }
        return std::nullopt;
    }

private:
    fs::path directory_;
    std::vector<Part> parts_;
    ProblemSink problem_;
    std::unique_ptr<MappedFile> file_;
    std::size_t next_ = 0;
};

constexpr std::pair<std::string_view, Os> os_names[] = {
    {"linux", Os::Linux}, {"darwin", Os::Darwin}, {"freebsd", Os::FreeBSD}};

std::string_view os_name(Os os) {
    for (const auto& [name, value] : os_names)
        if (value == os) return name;
    return {};
}

constexpr std::pair<std::string_view, Sight> sight_names[] = {
    {"everyone", Sight::Everyone}, {"namespace", Sight::Namespace}, {"own", Sight::Own}};

// ---- Save

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

    /// Closes what is open, so that it can be read back.
    void flush() {
        for (const auto& [name, fd] : std::exchange(open_, {}))
            if (close(fd) != 0) fail(directory_ / name, std::strerror(errno));
    }

    void finish(std::string_view manifest) {
        const std::string unfinished = fmt::format("{}.new", manifest_name);
        append(unfinished, manifest);
        const int fd = open_.at(unfinished);
        if (fsync(fd) != 0) fail(directory_ / unfinished, std::strerror(errno));
        flush();
        std::error_code error;
        fs::rename(directory_ / unfinished, directory_ / manifest_name, error);
        if (error) fail(directory_ / manifest_name, error.message());
        finished_ = true;
    }

private:
    [[noreturn]] static void fail(const fs::path& path, const std::string& why) {
        throw std::runtime_error(fmt::format("--save: {}: {}", path.string(), why));
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
    while (const auto block = next()) {
        const DecoderEntry* entry = find_decoder(capture.host.os, block->interface);
        const DecodeContext context{block->interface, &capture.host, quiet, &notes};
        const Bytes bytes(block->bytes, capture.host.byte_order);
        if (block->table == no_table) {
            entry->side(context)(bytes, side);
            continue;
        }
        const SocketDecoder decode = entry->sockets(context);
        for (const SocketRecord& socket : RecordStream(decode, bytes, record)) {
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

/// A capture's blocks whether or not its manifest is there yet.
Source source_of(const fs::path& directory, const HostFacts& host) {
    return {host, false, [directory, os = host.os](const Request& request, ProblemSink problem) {
                const auto reader = std::make_shared<ReplayReader>(
                    directory, parts_for(request, os, files_of(directory)), std::move(problem));
                return [reader] { return (*reader)(); };
            }};
}

} // namespace

bool read_manifest(std::string_view text, HostFacts& host) {
    bool known = false;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, colon), value = line.substr(colon + 2);
        if (key == "os") {
            for (const auto& [name, os] : os_names)
                if (name == value) {
                    host.os = os;
                    known = true;
                }
        } else if (key == "release") {
            host.release = value;
        } else if (key == "machine") {
            host.machine = value;
        } else if (key == "kernel") {
            host.kernel = value;
        } else if (key == "hostname") {
            host.hostname = value;
        } else if (key == "time") {
            host.time = value;
        } else if (key == "sight") {
            for (const auto& [name, sight] : sight_names)
                if (name == value) host.sight = sight;
        } else if (key == "byte_order") {
            host.byte_order = value == "big" ? ByteOrder::Big : ByteOrder::Little;
        }
    }
    return known;
}

std::string manifest_of(const HostFacts& host, std::string_view origin) {
    std::string text;
    const auto line = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) text += fmt::format("{}: {}\n", key, value);
    };
    line("os", os_name(host.os));
    line("release", host.release);
    line("machine", host.machine);
    line("kernel", host.kernel);
    line("origin", origin);
    line("hostname", host.hostname);
    line("time", host.time);
    for (const auto& [name, sight] : sight_names)
        if (sight == host.sight) line("sight", name);
    line("byte_order", host.byte_order == ByteOrder::Little ? "little" : "big");
    line("word_size", fmt::format("{}", sizeof(void*)));
    return text;
}

Source open_capture(const std::string& directory) {
    const MappedFile manifest(fs::path(directory) / manifest_name);
    if (manifest.error() != 0)
        throw std::runtime_error(
            fmt::format("--replay: {}/{}: {}; a capture is a directory that --save wrote", directory,
                        manifest_name, std::strerror(manifest.error())));
    HostFacts host;
    if (!read_manifest(Bytes(manifest.bytes()).text(), host))
        throw std::runtime_error(fmt::format(
            "--replay: {}/{}: no line `os: linux`, `os: darwin` or `os: freebsd`", directory, manifest_name));
    return source_of(directory, host);
}

void save_capture(const std::string& directory, const Source& source, const Names& names, bool resolve_hosts,
                  const ProblemSink& problem) {
    CaptureWriter writer(directory);
    Request request;
    request.everything = request.owners = request.half_open = request.bound = true;
    request.contexts = source.host.selinux;
    const BlockReader next = source.blocks(request, problem);
    while (const auto block = next()) writer.append(block->interface, block->bytes);
    writer.flush();
    const Asked asked = names_asked(source_of(directory, source.host));
    save_names(writer, asked, names, resolve_hosts);
    if (source.live) save_port_facts(writer, asked, live_port_facts(), source.host.os);
    writer.finish(manifest_of(source.host, "netstat46 --save"));
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
