#!/bin/sh
# build.sh ROOT VERSION: makes build/netstat46_VERSION_ARCH.deb of what is installed below ROOT.
set -eu
root=$1 version=$2
here=$(dirname "$0")
program=$root/usr/bin/netstat46
doc=$root/usr/share/doc/netstat46
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-netstat46 authors} <${DEBEMAIL:-netstat46@users.noreply.github.com}>"
date=$(date -R -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")

strip --strip-unneeded --remove-section=.comment "$program"
gzip -9n "$root"/usr/share/man/man[157]/netstat46*
install -d "$doc" "$root/DEBIAN"
install -m 644 "$here/copyright" "$doc/copyright"
printf 'netstat46 (%s) unstable; urgency=medium\n\n  * Release.\n\n -- %s  %s\n' "$version" "$maintainer" "$date" |
    gzip -9n >"$doc/changelog.gz"

# The newest symbol version asked for; everything but the C library is linked in.
needs=$(objdump -T "$program" | sed -n 's/.*(GLIBC_\([0-9.]*\)).*/\1/p' | sort -V | tail -n 1)
size=$(du -sk --apparent-size "$root" | cut -f1)
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@MAINTAINER@|$maintainer|" \
    -e "s|@SIZE@|$size|" -e "s|@DEPENDS@|libc6 (>= $needs)|" "$here/control.in" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group --build "$root" "build/netstat46_${version}_${architecture}.deb"
