# bash completion for netstat46

# Known ports: what sockets of this host have as their local one.
_netstat46_ports() {
    "$1" --classic --dialect=linux -antu 2>/dev/null | sed -n 's/^[tu][cd]p6* *[0-9]* *[0-9]* [^ ]*:\([0-9]*\) .*/\1/p' | sort -nu
}

# Words for the item behind the last comma of a list.
_netstat46_list() {
    local before=
    [[ $2 == *,* ]] && before=${2%,*},
    compgen -P "$before" -W "$1" -- "${2##*,}"
}

_netstat46() {
    local line=${COMP_LINE:0:COMP_POINT}
    local word=${line##*[[:space:]]} dialect=linux options previous
    previous=${line%"$word"}
    previous=${previous%"${previous##*[![:space:]]}"}
    previous=${previous##*[[:space:]]}
    [[ $OSTYPE == darwin* ]] && dialect=darwin
    [[ $OSTYPE == freebsd* ]] && dialect=freebsd
    [[ $line =~ --dialect=(linux|darwin|freebsd)[[:space:]] ]] && dialect=${BASH_REMATCH[1]}

    local ours='--classic --dialect= --json --quiet --explain= --who-answers= --can-bind= --save= --replay=
        --port= --local-port= --foreign-port= --address= --pid= --command= --user= --state= --v6only=
        --help --version'
    local families protocols
    case $dialect in
    linux)
        options='-a -l -t -u -U -S -w -x -4 -6 -A -n -e -o -p -W -c -v -Z -V -h -r -i -g -s -M
            --all --listening --tcp --udp --udplite --sctp --raw --unix --inet --inet6 --protocol=
            --numeric --numeric-hosts --numeric-ports --numeric-users --extend --timers --programs
            --wide --continuous --verbose --context --route --interfaces --groups --statistics --masquerade'
        families='inet inet6 unix'
        ;;
    darwin)
        options='-A -a -b -d -f -L -l -n -p -u -v -W -g -i -I -m -r -s -w'
        families='inet inet6 unix systm'
        protocols='tcp udp ip icmp igmp ip6 icmp6 mptcp reg kevt kctl'
        ;;
    freebsd)
        options='-4 -6 -A -a -C -c -f -L -l -n -P -p -R -S -T -u -W -x -B -g -i -I -m -M -N -Q -r -s -w'
        families='inet inet6 unix local'
        protocols='tcp udp udplite ip icmp igmp pim ip6 icmp6'
        ;;
    esac

    local value=${word#*=} words=
    case $word in
    --dialect=*) words=$(compgen -W 'linux darwin freebsd' -- "$value") ;;
    --v6only=*) words=$(compgen -W 'yes no' -- "$value") ;;
    --save=* | --replay=*)
        words=$(compgen -d -S / -- "$value")
        compopt -o nospace 2>/dev/null
        ;;
    --explain=* | --who-answers=* | --can-bind=*)
        if [[ $value == *:* ]]; then
            words=$(compgen -P "${value%:*}:" -W "$(_netstat46_ports "$1")" -- "${value##*:}")
        else
            words=$(compgen -W "tcp: udp: $(_netstat46_ports "$1")" -- "$value")
        fi
        compopt -o nospace 2>/dev/null
        ;;
    --port=* | --local-port=* | --foreign-port=*)
        words=$(_netstat46_list "$(_netstat46_ports "$1")" "$value")
        [[ ${value##*,} == [a-z]* ]] && words=$(_netstat46_list "$(compgen -A service)" "$value")
        ;;
    --state=*)
        words=$(_netstat46_list 'listen established syn_sent syn_received fin_wait_1 fin_wait_2 time_wait
            close_wait closing last_ack closed bound unconnected' "$value")
        ;;
    --user=*) words=$(compgen -u -- "$value") ;;
    --pid=*) words=$(_netstat46_list "$(ps -A -o pid=)" "$value") ;;
    --command=*) words=$(compgen -W "$(ps -A -o comm= | tr ' ' '\n')" -- "$value") ;;
    --protocol=*) words=$(_netstat46_list "$families" "$value") ;;
    *)
        case $dialect$previous in
        linux-A | darwin-f | freebsd-f) words=$(_netstat46_list "$families" "$word") ;;
        darwin-p | freebsd-p) words=$(compgen -W "$protocols" -- "$word") ;;
        *) [[ $word == -* ]] && words=$(compgen -W "$ours $options" -- "$word") ;;
        esac
        [[ $words == *= ]] && compopt -o nospace 2>/dev/null
        ;;
    esac
    # Lists and values have bash's own word breaks in them: what stands before the last one stays.
    [[ $words && $word == --*=* ]] && words=$(printf '%s\n' "$words" | sed "s|^|${word%%=*}=|")
    local breaks=${COMP_WORDBREAKS//[^=:]/} before=
    [[ $breaks && $word == *[$breaks]* ]] && before=${word%"${word##*[$breaks]}"}
    local IFS=$'\n' candidate
    COMPREPLY=()
    for candidate in $words; do
        [[ $candidate == "$word"* ]] && COMPREPLY+=("${candidate#"$before"}")
    done
}

complete -F _netstat46 netstat46
