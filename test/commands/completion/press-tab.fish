# Prints what is offered at the end of each line, then `==`: <script> <line>...
source $argv[1]
for line in $argv[2..-1]
    complete -C "$line" | string replace -r '\t.*' ''
    echo ==
end
