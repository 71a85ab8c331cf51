# Calls the completion as bash does when TAB is pressed at the end of each line, and prints what it offers, then `==`:
# <script> <line>...
source "$1"
shift
handler=$(complete -p chpipe | sed 's/.*-F \([^ ]*\).*/\1/')
for line in "$@"; do
  read -ra COMP_WORDS <<<"$line"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  "$handler"
  printf '%s\n' "${COMPREPLY[@]}" ==
done
