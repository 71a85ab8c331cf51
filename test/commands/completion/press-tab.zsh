# Types each line into a zsh with this completion script, presses TAB, and prints what it offers, then `==`:
# <script> <line>...
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT="" RPROMPT=""; autoload -U compinit; compinit -D -u'
zpty -w shell "source $1"
shift
zpty -w shell '
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
  typeset -a hits; builtin compadd -A hits "$@"
  local hit; for hit in $hits; do print -r -- "HIT<$IPREFIX$hit>"; done
}
bindkey "^I" complete-word
comppostfuncs=(told)
told() { print -r -- "TOLD"; comppostfuncs=(told) }
print READY-"NOW"'
zpty -r shell out '*READY-NOW*'
for line in "$@"; do
  zpty -w -n shell "$line"$'\t'
  zpty -r shell out '*TOLD*'
  print -r -- "$out" | tr -d '\r' | sed -n 's/.*HIT<\(.*\)>.*/\1/p'
  print -- '=='
  zpty -w -n shell $'\x15'
done
zpty -d shell
