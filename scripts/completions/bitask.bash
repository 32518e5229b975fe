# Completion of bitask for bash, 4 or newer. A unit test compares it with the program's options.

# Sets `command` to the command among the words before the cursor; empty when there is none yet.
_bitask_command() {
    local i
    command=
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            -d | --db)
                ((i++)) # the folder is no command
                if [[ ${COMP_WORDS[i]-} == '=' ]]; then
                    ((i++))
                fi
                ;;
            -*) ;;
            *)
                command=${COMP_WORDS[i]}
                return
                ;;
        esac
    done
}

# Sets `options` to those that the command takes.
_bitask_options() {
    options=(-d --db -q --quiet -v --verbose -h --help)
    case $command in
        '') options+=(--version) ;;&
        put) options+=(--value --file) ;;&
        put | get | ask | rm | remove) options+=(--key) ;;&
        get | ask | rm | remove) options+=(--stdin -0 --null) ;;&
        rm | remove) options+=(-f --force) ;;&
        scan) options+=(--prefix --from --to --limit --reverse --keys --count) ;;&
        get | ask | scan | load) options+=(--format) ;;&
        compact) options+=(--min-garbage --if-garbage --dry-run) ;;&
        compact | stat | verify) options+=(--json) ;;&
        put | rm | remove | load | compact) options+=(--wait --no-sync --max-log-size) ;;&
    esac
}

_bitask_reply() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}

_bitask() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command
    local -a options
    COMPREPLY=()
    # "--format=json" comes as three words, the cursor on the second or the third.
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]] && ((COMP_CWORD > 1)); then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    _bitask_command
    case $previous in
        -d | --db)
            compopt -o filenames
            _bitask_reply -d
            return
            ;;
        --file)
            compopt -o filenames
            _bitask_reply -f
            return
            ;;
        --format)
            _bitask_reply -W 'tsv json null'
            return
            ;;
        --key | --value | --prefix | --from | --to | --limit | --min-garbage | --if-garbage | \
            --wait | --max-log-size)
            return
            ;;
    esac
    if [[ $current == -* ]]; then
        _bitask_options
        _bitask_reply -W "${options[*]}"
    elif [[ -z $command ]]; then
        _bitask_reply -W 'put get ask rm remove scan load compact stat verify'
    elif [[ $command == load ]]; then
        compopt -o filenames
        _bitask_reply -f
    fi
}

complete -F _bitask bitask
