# Completion of bitask for bash, 4 or newer. A unit test compares it with the program's options.

# Whether a word wants a folder behind it: "--db", "-d", or flags that end in d, "-qd".
_bitask_wants_folder() {
    [[ $1 == --db || $1 =~ ^-[qvVhf0]*d$ ]]
}

# Looks at the words before the cursor. Sets `command` to the command, empty when there is none yet,
# and `options_ended` when "--" is among them.
_bitask_look_back() {
    local i
    command=
    options_ended=
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            options_ended=yes
            return
        elif _bitask_wants_folder "${COMP_WORDS[i]}"; then
            ((i++)) # the folder is no command
            if [[ ${COMP_WORDS[i]-} == '=' ]]; then
                ((i++))
            fi
        elif [[ -z $command && ${COMP_WORDS[i]} != -* ]]; then
            command=${COMP_WORDS[i]}
        fi
    done
}

# Sets `options` to those that the command takes.
_bitask_options() {
    options=(-d --db -q --quiet -v --verbose -h --help)
    case $command in
        '') options+=(-V --version) ;;&
        put) options+=(--value --file) ;;&
        put | get | ask | rm | remove) options+=(--key) ;;&
        get | ask | rm | remove) options+=(--stdin -0 --null) ;;&
        rm | remove) options+=(-f --force) ;;&
        scan) options+=(--prefix --from --to --limit --reverse --unordered --keys --count) ;;&
        get | ask | scan | load) options+=(--format) ;;&
        load) options+=(--skip-bad --memory) ;;&
        compact) options+=(--min-garbage --all --if-garbage --rate --dry-run) ;;&
        compact | stat | verify) options+=(--json) ;;&
        put | rm | remove | load | compact) options+=(--wait --no-sync --max-log-size) ;;&
    esac
}

_bitask_reply() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}

_bitask() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command options_ended
    local -a options
    COMPREPLY=()
    # "--format=json" comes as three words, the cursor on the second or the third.
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]] && ((COMP_CWORD > 1)); then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    _bitask_look_back
    if [[ -n $options_ended ]]; then
        previous= # a key or a file, whatever it looks like
    elif _bitask_wants_folder "$previous"; then
        compopt -o filenames
        _bitask_reply -d
        return
    fi
    case $previous in
        --file)
            compopt -o filenames
            _bitask_reply -f
            return
            ;;
        --format)
            _bitask_reply -W 'tsv json null cdb dump dump-print resp'
            return
            ;;
        --key | --value | --prefix | --from | --to | --limit | --min-garbage | --if-garbage | \
            --rate | --wait | --max-log-size | --memory)
            return
            ;;
    esac
    if [[ $current == -* && -z $options_ended ]]; then
        _bitask_options
        _bitask_reply -W "${options[*]}"
    elif [[ -z $command && -z $options_ended ]]; then
        _bitask_reply -W 'put get ask rm remove scan load compact stat verify help'
    elif [[ $command == help ]]; then
        _bitask_reply -W 'put get ask rm remove scan load compact stat verify'
    elif [[ $command == load ]]; then
        compopt -o filenames
        _bitask_reply -f
    fi
}

complete -F _bitask bitask
