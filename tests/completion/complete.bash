# complete.bash FUNCTIONS LINE: what bash offers after LINE, one candidate a line.
source "$1/netstat46.bash"
COMP_LINE=$2 COMP_POINT=${#2}
command=$(complete -p netstat46 | sed 's/.*-F \([^ ]*\) .*/\1/')
"$command" netstat46
printf '%s\n' "${COMPREPLY[@]}"
