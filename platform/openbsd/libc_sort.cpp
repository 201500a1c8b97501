#include "openbsd/sort.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace netstat46::openbsd {
namespace {

using Sockets = std::span<const SocketRecord*>;

/// Positions as in the papers that it follows (Bentley and McIlroy, with Musser's limit of depth).
class LibcSort {
public:
    LibcSort(Sockets all, const Compare& compare) : all_(all), compare_(compare) {}

    void run() {
        int bits = 0;
        for (std::size_t n = all_.size(); n != 0; n >>= 1U) ++bits;
        sort(0, all_.size(), 2 * bits);
    }

private:
    /// Elements `base` to `base + n - 1`.
    void sort(std::size_t base, std::size_t n, int depth) {
        while (n > 1) {
            if (n < 7) return insert(base, n);
            if (depth-- == 0) return heap_sort(base, n);
            std::swap(all_[base], all_[pivot(base, n)]);
            const auto [left, right] = partition(base, n);
            const std::size_t behind = base + n - right;
            if (left < right) {
                sort(base, left, depth);
                base = behind;
                n = right;
            } else {
                sort(behind, right, depth);
                n = left;
            }
        }
    }

    [[nodiscard]] int compare(std::size_t a, std::size_t b) const { return compare_(*all_[a], *all_[b]); }

    void insert(std::size_t base, std::size_t n) {
        for (std::size_t i = base + 1; i < base + n; ++i)
            for (std::size_t j = i; j > base && compare(j - 1, j) > 0; --j) std::swap(all_[j], all_[j - 1]);
    }

    [[nodiscard]] std::size_t median(std::size_t a, std::size_t b, std::size_t c) const {
        if (compare(a, b) < 0) return compare(b, c) < 0 ? b : compare(a, c) < 0 ? c : a;
        return compare(b, c) > 0 ? b : compare(a, c) < 0 ? a : c;
    }

    [[nodiscard]] std::size_t pivot(std::size_t base, std::size_t n) const {
        std::size_t middle = base + n / 2;
        if (n <= 7) return middle;
        std::size_t low = base, high = base + n - 1;
        if (n > 40) {
            const std::size_t step = n / 8;
            low = median(low, low + step, low + 2 * step);
            middle = median(middle - step, middle, middle + step);
            high = median(high - 2 * step, high - step, high);
        }
        return median(low, middle, high);
    }

    void swap_blocks(std::size_t a, std::size_t b, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) std::swap(all_[a + i], all_[b + i]);
    }

    /// By the element at `base`: how many are less, and how many greater, which stand at the end.
    std::pair<std::size_t, std::size_t> partition(std::size_t base, std::size_t n) {
        const std::size_t end = base + n;
        // [base, a) and [d, end) are equal; [a, b) is less, [c, d) greater
        std::size_t a = base + 1, b = a, c = end, d = end;
        while (true) {
            for (int order = 0; b < c && (order = compare(b, base)) <= 0; ++b)
                if (order == 0) std::swap(all_[a++], all_[b]);
            for (int order = 0; b < c && (order = compare(c - 1, base)) >= 0; --c)
                if (order == 0) std::swap(all_[c - 1], all_[--d]);
            if (b >= c) break;
            std::swap(all_[b++], all_[--c]);
        }
        const std::size_t less = b - a, greater = d - c;
        const std::size_t front = std::min(a - base, less), back = std::min(greater, end - d);
        swap_blocks(base, b - front, front);
        swap_blocks(b, end - back, back);
        return {less, greater};
    }

    /// heapsort(3), whose elements count from 1.
    void heap_sort(std::size_t base, std::size_t n) {
        const auto at = [this, base](std::size_t i) -> const SocketRecord*& { return all_[base + i - 1]; };
        const auto greater_child = [&](std::size_t child) {
            return child < n && compare_(*at(child), *at(child + 1)) < 0 ? child + 1 : child;
        };
        for (std::size_t top = n / 2; top > 0; --top)
            for (std::size_t i = top, child = 0; (child = 2 * i) <= n; i = child) {
                child = greater_child(child);
                if (compare_(*at(child), *at(i)) <= 0) break;
                std::swap(at(child), at(i));
            }
        while (n > 1) {
            const SocketRecord* moved = at(n);
            at(n) = at(1);
            --n;
            std::size_t i = 1;
            for (std::size_t child = 0; (child = 2 * i) <= n; i = child) {
                child = greater_child(child);
                at(i) = at(child);
            }
            for (; i > 1 && compare_(*moved, *at(i / 2)) >= 0; i /= 2) at(i) = at(i / 2);
            at(i) = moved;
        }
    }

    Sockets all_;
    const Compare& compare_;
};

} // namespace

void libc_sort(std::vector<const SocketRecord*>& sockets, const Compare& compare) {
    LibcSort(sockets, compare).run();
}

} // namespace netstat46::openbsd
