#!/usr/bin/env bats

load helpers

# Kills a command at each of its system calls in turn. The seam of the crash tests does the same in
# memory for many more worlds; here it is the real program, the real system and a real kill.

setup() {
    prepare_store
    ! sanitized || skip 'sanitizers make system calls of their own'
    strace -o probe true 2>/dev/null || skip 'strace does not work here'
}

# Calls that concern the process alone: to be killed there leaves what the next call would.
inside='execve|brk|arch_prctl|set_tid_address|set_robust_list|rseq|prlimit64|readlink|getrandom|'
inside+='mprotect|rt_sigaction|rt_sigprocmask|ioctl|futex|mmap|munmap|mremap|madvise|fadvise64|'
inside+='exit|exit_group'

# killed_at_each_call CHECK COMMAND...: for every system call of the command, on a fresh copy of the
# store, kills it there and runs CHECK. Once it runs to its end, and then CHECK must hold, too.
#
# Calls are counted for each thread by itself. Where there is a second one, whichever comes first
# to its call of that number is killed; and as either of two may come to make a call, such as the
# last close of a file, a run may make one less than the one that was counted, and so not be killed.
killed_at_each_call() {
    local check=$1 call count step thread main follow status kills=0 calls=0
    shift
    rm -rf before
    mv "$STORE" before
    cp -a before "$STORE"
    expect_status 0 strace -f -qq -o calls "$@"
    "$check"
    read -r main _ <calls
    while read -r count thread call; do
        follow=()
        if [[ $thread != "$main" ]]; then
            follow=(-f)
        fi
        for ((step = 1; step <= count; step++)); do
            rm -rf "$STORE"
            cp -a before "$STORE"
            status=0
            strace "${follow[@]}" -qq -o trace -e "trace=$call" \
                -e "inject=$call:signal=KILL:when=$step" "$@" >"$OUT" 2>"$ERR" || status=$?
            ((status == 137 || status == 0)) || fail "status $status at $call" || return
            kills=$((kills + (status == 137)))
            "$check" || fail "killed at $call, number $step" || return
            calls=$((calls + 1))
        done
    done < <(sed -nE 's/^([0-9]+) +([a-z0-9_]+)\(.*/\1 \2/p' calls |
        grep -vxE "[0-9]+ ($inside)" | sort | uniq -c)
    ((calls > 10 && kills * 10 >= calls * 9)) || fail "only $kills kills at $calls calls"
}

# What was there before is there, and of the last change all or nothing; also from the logs alone.
# The next writer works, and nothing is left over.
expect_old_or_new() {
    local content
    expect_status 0 bitask scan
    if ! cmp -s "$OUT" old; then
        same_files "$OUT" new || return
    fi
    cp "$OUT" found
    expect_status 0 bitask verify || return
    rm -rf logs-alone
    cp -a "$STORE" logs-alone
    keep_only_logs logs-alone
    expect_status 0 bitask --db logs-alone scan || return
    same_files "$OUT" found || return
    expect_status 0 bitask put zzz next || return
    printf 'zzz\tnext\n' >>found
    expect_status 0 bitask scan || return
    same_files "$OUT" found || return
    expect_status 0 bitask verify || return
    expect_silence || return
    expect_status 0 bitask compact --min-garbage 0 || return
    content=$(find "$STORE" -name '*.tmp')
    [[ -z $content ]] || fail "left over: $content" || return
    expect_status 0 bitask scan || return
    same_files "$OUT" found || return
    expect_status 0 bitask verify || return
    expect_silence
}

@test "a put killed at each of its system calls is there or not" {
    pairs 1 20 | bitask load
    content >old
    pairs 1 20 | sed 's/^key000007.*/key000007\tnew/' >new
    killed_at_each_call expect_old_or_new "$BITASK" put key000007 new
}

@test "a put that writes a hint and a manifest, killed at each of its system calls, is there or not" {
    pairs 1 2000 | bitask load
    head -c 3000000 /dev/zero | tr '\0' x >value
    content >old
    { cat old && printf 'large\t' && cat value && echo; } >new
    killed_at_each_call expect_old_or_new "$BITASK" put large --file value
    grep -q 'rename.*"0\.manifest"' calls
}

@test "a put that rotates, killed at each of its system calls, is there or not" {
    pairs 1 20 | bitask load
    content >old
    { pairs 1 20 && printf 'new\tvalue\n'; } >new
    killed_at_each_call expect_old_or_new "$BITASK" put new value --max-log-size 100
}

@test "an rm killed at each of its system calls has removed the key or not" {
    pairs 1 20 | bitask load
    content >old
    pairs 1 20 | sed '/^key000007/d' >new
    killed_at_each_call expect_old_or_new "$BITASK" rm key000007
}

@test "a compaction killed at each of its system calls changes nothing" {
    pairs 1 40 one | bitask load --max-log-size 1K
    pairs 20 60 two | bitask load --max-log-size 1K
    seq -f 'key%06.0f' 3 3 60 | bitask rm --stdin --max-log-size 1K
    content | tee old >new
    killed_at_each_call expect_old_or_new "$BITASK" compact --min-garbage 0
}
