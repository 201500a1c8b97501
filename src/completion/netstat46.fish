# fish completion for netstat46

function __netstat46_dialect
    set -l dialect linux
    switch (uname)
        case Darwin
            set dialect darwin
        case FreeBSD
            set dialect freebsd
    end
    for word in (commandline -opc)
        string match -q -r '^--dialect=(?<given>linux|darwin|freebsd)$' -- $word; and set dialect $given
    end
    test $dialect = $argv[1]
end

function __netstat46_ports
    netstat46 --classic --dialect=linux -antu 2>/dev/null |
        string replace -f -r '^(?:tcp|udp)6? +\d+ +\d+ \S+:(\d+) .*' '$1' | sort -nu
end

# Behind an address, any of these ports may follow.
function __netstat46_targets
    set -l before (string match -r '^--[^=]*=(.*:)' -- (commandline -ct))[2]
    test -z "$before"; and printf '%s\n' tcp: udp:
    printf '%s\n' "$before"(__netstat46_ports)
end

complete -c netstat46 -f
complete -c netstat46 -l classic -d "The native program's bytes"
complete -c netstat46 -l dialect -x -a 'linux darwin freebsd' -d 'Options and look'
complete -c netstat46 -l json -d 'One JSON document'
complete -c netstat46 -l quiet -d 'Exit status only'
complete -c netstat46 -l explain -x -a '(__netstat46_targets)' -d 'Who holds a port'
complete -c netstat46 -l who-answers -x -a '(__netstat46_targets)' -d 'Which socket answers'
complete -c netstat46 -l can-bind -x -a '(__netstat46_targets)' -d 'Would bind succeed'
complete -c netstat46 -l save -x -a '(__fish_complete_directories)' -d "Save the kernel's answers"
complete -c netstat46 -l replay -x -a '(__fish_complete_directories)' -d 'List a capture'
complete -c netstat46 -l port -x -a '(__fish_append , (__netstat46_ports))' -d 'Local or foreign port'
complete -c netstat46 -l local-port -x -a '(__fish_append , (__netstat46_ports))' -d 'Local port'
complete -c netstat46 -l foreign-port -x -a '(__fish_append , (__netstat46_ports))' -d 'Foreign port'
complete -c netstat46 -l address -x -d 'Local or foreign address'
complete -c netstat46 -l pid -x -a '(__fish_complete_pids)' -d 'Held by these processes'
complete -c netstat46 -l command -x -a '(ps -A -o comm=)' -d 'Held by that program'
complete -c netstat46 -l user -x -a '(__fish_complete_users)' -d "That user's"
complete -c netstat46 -l state -x -a '(__fish_append , listen established syn_sent syn_received fin_wait_1 fin_wait_2 time_wait close_wait closing last_ack closed bound unconnected)' -d 'In these states'
complete -c netstat46 -l v6only -x -a 'yes no' -d V6ONLY
complete -c netstat46 -l help -d 'A summary'
complete -c netstat46 -l version -d 'The version'

set -l linux -c netstat46 -n '__netstat46_dialect linux'
complete $linux -s a -l all -d 'All sockets'
complete $linux -s l -l listening -d 'Listening sockets'
complete $linux -s t -l tcp -d TCP
complete $linux -s u -l udp -d UDP
complete $linux -s U -l udplite -d UDP-Lite
complete $linux -s S -l sctp -d SCTP
complete $linux -s w -l raw -d Raw
complete $linux -s x -l unix -d Unix
complete $linux -s 4 -l inet -d IPv4
complete $linux -s 6 -l inet6 -d IPv6
complete $linux -s A -l protocol -x -a '(__fish_append , inet inet6 unix)' -d Families
complete $linux -s n -l numeric -d 'No names'
complete $linux -l numeric-hosts -d 'No host names'
complete $linux -l numeric-ports -d 'No port names'
complete $linux -l numeric-users -d 'No user names'
complete $linux -s e -l extend -d 'User and inode'
complete $linux -s o -l timers -d Timers
complete $linux -s p -l programs -d 'Say why owners are missing'
complete $linux -s W -l wide -d 'Do not cut'
complete $linux -s c -l continuous -d 'Every second'
complete $linux -s v -l verbose -d 'Say what is missing'
complete $linux -s Z -l context -d 'SELinux context'
complete $linux -s V -d Version
complete $linux -s h -d Help
complete $linux -s r -l route -d Routes
complete $linux -s i -l interfaces -d Interfaces
complete $linux -s g -l groups -d 'Multicast groups'
complete $linux -s s -l statistics -d Statistics
complete $linux -s M -l masquerade -d 'Masqueraded connections'

for dialect in darwin freebsd
    set -l bsd -c netstat46 -n "__netstat46_dialect $dialect"
    complete $bsd -s a -d 'Listening sockets too'
    complete $bsd -s n -d 'No names'
    complete $bsd -s L -d 'Accept queues'
    complete $bsd -s l -d 'Wide addresses'
    complete $bsd -s W -d 'Do not cut addresses'
    complete $bsd -s A -d 'Control blocks'
    complete $bsd -s u -d Unix
    complete $bsd -s r -d Routes
    complete $bsd -s i -d Interfaces
    complete $bsd -s g -d 'Multicast groups'
    complete $bsd -s s -d Statistics
    complete $bsd -s m -d Memory
end
set -l darwin -c netstat46 -n '__netstat46_dialect darwin'
complete $darwin -s f -x -a 'inet inet6 unix systm' -d Family
complete $darwin -s p -x -a 'tcp udp ip icmp igmp ip6 icmp6 mptcp reg kevt kctl' -d Protocol
complete $darwin -s b -d Bytes
complete $darwin -s d -d Drops
complete $darwin -s v -d 'Buffers and flags'
set -l freebsd -c netstat46 -n '__netstat46_dialect freebsd'
complete $freebsd -s f -x -a 'inet inet6 unix local' -d Family
complete $freebsd -s p -x -a 'tcp udp udplite ip icmp igmp pim ip6 icmp6' -d Protocol
complete $freebsd -s 4 -d IPv4
complete $freebsd -s 6 -d IPv6
complete $freebsd -s S -d 'No host names'
complete $freebsd -s x -d 'Buffers and timers'
complete $freebsd -s T -d Retransmissions
complete $freebsd -s c -d 'TCP stack'
complete $freebsd -s C -d 'Congestion control'
complete $freebsd -s P -d 'Log ids'
complete $freebsd -s R -d 'Flow ids'
