# complete.zsh FUNCTIONS LINE: what zsh offers after LINE with the completion functions of that directory,
# one candidate a line. A shell of its own, on a terminal of its own, completes; its compadd writes them down.
zmodload zsh/zpty zsh/datetime
found=$(mktemp) setup=$(mktemp)
cat >$setup <<END
PS1=
fpath=(${(q)1} \$fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    local -a hits
    if [[ " \${(j: :)@[1,\${@[(i)(-|--)]}]} " != *' -'[OAD]' '* ]]; then
        builtin compadd -O hits "\$@"
        print -rl -- \$hits >>$found
    fi
    builtin compadd "\$@"
}
ended() { print -r -- '(end)' >>$found; exit }
comppostfuncs=(ended)
bindkey '^I' complete-word
print '(be)gins' | tr -d '()'
END
zpty shell zsh -f -i
zpty -w shell "source $setup"
seen=
while [[ $seen != *begins* ]] && zpty -r shell part; do seen+=$part; done
zpty -w -n shell "$2"$'\t'
deadline=$((EPOCHSECONDS + 10))
while ! grep -q '^(end)$' $found && ((EPOCHSECONDS < deadline)); do sleep 0.05; done
zpty -d shell
grep -v '^(end)$' $found | sort -u
rm -f $found $setup
