# complete.fish FUNCTIONS LINE: what fish offers after LINE, one candidate a line.
source $argv[1]/netstat46.fish
complete -C $argv[2]
