# Completion of bitask for fish. A unit test compares it with the program's options.

# True when the command line names no command yet.
function __bitask_needs_command
    set -l words (commandline -opc)
    set -e words[1]
    argparse -s -i d/db= q/quiet v/verbose h/help V/version -- $words 2>/dev/null
    test -z "$argv[1]"
end

# True when the command line names one of these commands.
function __bitask_has
    set -l words (commandline -opc)
    set -e words[1]
    set -l wanted $argv
    argparse -s -i d/db= q/quiet v/verbose h/help V/version -- $words 2>/dev/null
    contains -- "$argv[1]" $wanted
end

complete -c bitask -f
complete -c bitask -s d -l db -x -a '(__fish_complete_directories)' -d "The store's folder"
complete -c bitask -s q -l quiet -d 'No messages but for wrong usage'
complete -c bitask -s v -l verbose -d 'Say what was done'
complete -c bitask -s h -l help -d 'Print a help text'
complete -c bitask -n __bitask_needs_command -s V -l version -d 'Print the version'

complete -c bitask -n __bitask_needs_command -a put -d 'Store a value'
complete -c bitask -n __bitask_needs_command -a get -d 'Print values'
complete -c bitask -n __bitask_needs_command -a ask -d 'Print values'
complete -c bitask -n __bitask_needs_command -a rm -d 'Remove keys'
complete -c bitask -n __bitask_needs_command -a remove -d 'Remove keys'
complete -c bitask -n __bitask_needs_command -a scan -d 'Print pairs, sorted by key'
complete -c bitask -n __bitask_needs_command -a load -d 'Store many pairs'
complete -c bitask -n __bitask_needs_command -a compact -d 'Reclaim the space of old records'
complete -c bitask -n __bitask_needs_command -a stat -d 'Show sizes and counts'
complete -c bitask -n __bitask_needs_command -a verify -d 'Read everything and check it'
complete -c bitask -n __bitask_needs_command -a help -d 'Print a help text'
complete -c bitask -n '__bitask_has help' -a 'put get rm scan load compact stat verify'

complete -c bitask -n '__bitask_has put' -l value -x -d 'The value'
complete -c bitask -n '__bitask_has put' -l file -r -F -d 'Take the value from a file'
complete -c bitask -n '__bitask_has put get ask rm remove' -l key -x -d 'The key'
complete -c bitask -n '__bitask_has get ask rm remove' -l stdin -d 'Keys from standard input'
complete -c bitask -n '__bitask_has get ask rm remove' -s 0 -l null -d 'They end in a NUL byte'
complete -c bitask -n '__bitask_has rm remove' -s f -l force -d 'Be content when a key is missing'

complete -c bitask -n '__bitask_has scan' -l prefix -x -d 'Only keys that begin so'
complete -c bitask -n '__bitask_has scan' -l from -x -d 'Begin at this key'
complete -c bitask -n '__bitask_has scan' -l to -x -d 'End before this key'
complete -c bitask -n '__bitask_has scan' -l limit -x -d 'Print at most so many pairs'
complete -c bitask -n '__bitask_has scan' -l reverse -d 'The last key first'
complete -c bitask -n '__bitask_has scan' -l unordered -d 'In whatever order is fastest'
complete -c bitask -n '__bitask_has scan' -l keys -d 'Print keys without values'
complete -c bitask -n '__bitask_has scan' -l count -d 'Print only how many pairs there are'
complete -c bitask -n '__bitask_has get ask scan' -l format -x -a 'tsv json null cdb dump dump-print resp' -d 'Form'
complete -c bitask -n '__bitask_has load' -l format -x -a 'tsv json null cdb dump' -d 'Form'
complete -c bitask -n '__bitask_has load' -l skip-bad -d 'Pass over malformed pairs'
complete -c bitask -n '__bitask_has load' -F

complete -c bitask -n '__bitask_has compact' -l min-garbage -x -d 'Only logs with so much garbage'
complete -c bitask -n '__bitask_has compact' -l all -d 'Rewrite all logs'
complete -c bitask -n '__bitask_has compact' -l if-garbage -x -d 'Only when there is so much in all'
complete -c bitask -n '__bitask_has compact' -l rate -x -d 'Read at most so many MB a second'
complete -c bitask -n '__bitask_has compact' -l dry-run -d 'Print what would be rewritten'
complete -c bitask -n '__bitask_has compact stat verify' -l json -d 'Print JSON'

complete -c bitask -n '__bitask_has load' -l memory -x -d 'For what waits for its index'
complete -c bitask -n '__bitask_has put rm remove load compact' -l wait -x -d 'Seconds to wait'
complete -c bitask -n '__bitask_has put rm remove load compact' -l no-sync -d 'Do not sync'
complete -c bitask -n '__bitask_has put rm remove load compact' -l max-log-size -x -d 'Seal above'
