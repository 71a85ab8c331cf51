#!/bin/sh
# container-entry.sh <folder> <user> <command...>: runs a command as the user, for good. A fresh disk belongs to root: then
# the folder and what lies in it are handed over before, which needs root. Who is another user already stays so.
set -eu
folder=$1 user=$2
shift 2
[ "$(id -u)" -eq 0 ] || exec "$@"

# Links are not followed, and other file systems and the file system's own lost+found are left alone. What cannot be handed
# over is told here, and fails where it is needed.
find "$folder" -xdev -path "$folder/lost+found" -prune -o ! -user "$user" -exec chown -h "$user:" {} + || :
HOME=$(getent passwd "$user" | cut -d: -f6)
export HOME
exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --inh-caps=-all --no-new-privs "$@"
