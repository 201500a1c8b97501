// Which processes hold which socket.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace netstat46 {

/// What finds a socket's owners. Linux: inodes, 0 for what has no descriptor. BSD: kernel addresses, 0 also
/// for those that the kernel hides from the caller.
enum class OwnerKeys : std::uint8_t { Inodes, Addresses };

/// Whose descriptors can be seen by whoever asks: every process's of the host, every process's of a process
/// id namespace, or only those of one user.
enum class Visibility : std::uint8_t { NotTold, Everyone, Namespace, Own };

/// One descriptor of one process.
struct Owner {
    std::int32_t pid = 0;
    std::int32_t fd = -1; ///< -1: not known

    friend auto operator<=>(const Owner&, const Owner&) = default;
};

struct Process {
    std::string
        name; ///< what the listing shows: Linux argv[0] after its last `/`, elsewhere the kernel's name
    std::string command; ///< the kernel's own short name (comm); empty: not known
    std::optional<std::uint32_t> uid;
    std::string context; ///< SELinux context, where it was asked for
};

/// Socket key (Linux inode, BSD socket address) to holders. Open addressing, in parts that grow one by one: a
/// million entries take 20 to 30 MB and never two tables of that size at once (an unordered_map takes 58 MB,
/// and ten times as long).
class Owners {
public:
    /// Key 0 means "no socket" and is ignored; a (key, holder) that is there already too.
    void add(std::uint64_t key, Owner owner);

    /// The holder with the lowest pid, and of its descriptors the lowest.
    [[nodiscard]] std::optional<Owner> lowest(std::uint64_t key) const;

    /// Has `key`'s place on its way from memory: a tenth of the run at a million sockets, which stand in
    /// another order than their owners.
    void prefetch(std::uint64_t key) const;

    /// Whether the process holds any socket. Looks at all of them.
    [[nodiscard]] bool has_owner(std::int32_t pid) const;

    /// Every holder, by pid and descriptor.
    [[nodiscard]] std::vector<Owner> all(std::uint64_t key) const;

    /// How many processes hold it besides the one of lowest().
    [[nodiscard]] std::size_t other_processes(std::uint64_t key) const;

    [[nodiscard]] bool empty() const { return used_ == 0; }

private:
    struct Slot {
        std::uint64_t key = 0; ///< 0: free
        std::int32_t pid = 0;
        std::uint32_t fd : 31;
        std::uint32_t shared : 1; ///< further holders stand in more_
    };
    static_assert(sizeof(Slot) == 16);

    /// Keys of one part of all hashes. There is always a free slot.
    struct Part {
        std::vector<Slot> slots;
        std::size_t used = 0;

        /// Where `key` is looked for first.
        [[nodiscard]] std::size_t first(std::uint64_t hash, std::uint64_t key) const;
        /// The index of `key`, or of the free slot where it belongs.
        [[nodiscard]] std::size_t find(std::uint64_t hash, std::uint64_t key) const;
        void grow();
    };

    [[nodiscard]] const Slot* find(std::uint64_t key) const;

    std::vector<Part> parts_; ///< none before the first entry
    std::size_t used_ = 0;
    std::set<std::pair<std::uint64_t, Owner>> more_; ///< all but the first
};

} // namespace netstat46
