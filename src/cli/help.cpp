#include "cli/help.hpp"

namespace bitask::cli {
namespace {

constexpr std::string_view kGeneral = R"(bitask - a key-value store for shells and scripts

usage: bitask [-d DIR] [-q] [-v] COMMAND ...

commands:
  put KEY [VALUE]   store a value; without VALUE, standard input
  get KEY...        print values
  rm KEY...         remove keys
  scan              print pairs, sorted by key
  load [FILE...]    store many pairs
  compact           reclaim the space of old records
  stat              show sizes and counts
  verify            read everything and check it
  help [COMMAND]    the same as --help
  ask and remove are other names of get and rm.

options, before or after the command:
  -d, --db DIR      the store's folder (default: $BITASK_PATH)
  -q, --quiet       no messages but for wrong usage; the exit status tells
  -v, --verbose     say on standard error what was done
  -h, --help        this text; COMMAND --help tells about one command
  -V, --version     the version
  --                ends the options, so that a key may begin with "-"

exit status:
  0 done   1 key not found   2 wrong usage   3 store locked
  4 corrupt data   5 the operating system refused

example:
  export BITASK_PATH=~/settings; bitask put color blue; bitask get color
)";

constexpr std::string_view kPut = R"(usage: bitask put [OPTION]... KEY [VALUE]

Stores VALUE under KEY. Without VALUE, the value is standard input, byte for byte.

      --key KEY             the key, in place of the first argument
      --value VALUE         the value, in place of the second
      --file FILE           take the value from FILE; "-" is standard input
)";

constexpr std::string_view kGet = R"(usage: bitask get [OPTION]... KEY...
       bitask get [OPTION]... --stdin

Prints the value of one KEY: its bytes and nothing else. Of several keys, or with --stdin, prints
a line each as scan does. "ask" is the same command.

      --key KEY             a key, as an argument is; may be repeated
      --stdin               read the keys from standard input, one a line, with tsv escapes
  -0, --null                with --stdin: keys end in a NUL byte and have no escapes
      --format FORMAT       print pairs as scan does, also for a single key
)";

constexpr std::string_view kRm = R"(usage: bitask rm [OPTION]... KEY...
       bitask rm [OPTION]... --stdin

Removes keys. "remove" is the same command.

      --key KEY             a key, as an argument is; may be repeated
  -f, --force               be content when a key is missing
      --stdin               read the keys from standard input, one a line, with tsv escapes
  -0, --null                with --stdin: keys end in a NUL byte and have no escapes
)";

constexpr std::string_view kScan = R"(usage: bitask scan [OPTION]...

Prints the pairs of the store, sorted by the bytes of their keys.

      --prefix PREFIX       only keys that begin with PREFIX
      --from KEY            begin at KEY
      --to KEY              end before KEY
      --limit N             print at most N pairs
      --reverse             the last key first
      --unordered           in whatever order is fastest; for a dump of everything
      --keys                print keys without values
      --count               print only how many pairs there are
      --format FORMAT       tsv (the default), json, null, cdb (for "cdb -c"), dump or dump-print
                            (for db_load and mdb_load), resp (for redis-cli)
)";

constexpr std::string_view kLoad = R"(usage: bitask load [OPTION]... [FILE...]

Stores the pairs in FILEs, or in standard input ("-"), as scan prints them. All of them are on
disk when it ends with status 0.

      --format FORMAT       tsv (the default), json, null, cdb or dump
      --skip-bad            pass over pairs that are malformed, and tell how many there were
      --memory SIZE         hold so much of what waits for its index, about, in bytes or with
                            K, M, G (default: 32M; 2M at least)
)";

constexpr std::string_view kCompact = R"(usage: bitask compact [OPTION]...

Copies what is live out of logs that hold old records, and removes those logs. Other commands go
on meanwhile. What it writes is synced in any case, with --no-sync too.

      --min-garbage PERCENT  rewrite only logs with at least so large a share of old records;
                             the default is 20
      --all                  rewrite all logs, which lets a later scan be read in order
      --if-garbage PERCENT   do nothing while the whole store has a smaller share
      --rate MB              read at most so many megabytes a second
      --dry-run              print the logs that would be rewritten, change nothing
      --json                 print what was done as JSON
)";

constexpr std::string_view kStat = R"(usage: bitask stat [OPTION]...

Shows how many keys and how many live and dead bytes the store holds.

      --json                print one JSON object
)";

constexpr std::string_view kVerify = R"(usage: bitask verify [OPTION]...

Reads every record and checks it. Silent when all is well; prints a line for each damaged place.

      --json                print one JSON object
)";

constexpr std::string_view kWriteOptions =
    R"(      --wait SECONDS        wait so long for another writer (default: $BITASK_WAIT, else 1)
      --no-sync             return before the change is safe from a power cut
      --max-log-size SIZE   seal the log once it is larger, in bytes or with K, M, G
                            (default: $BITASK_MAX_LOG_SIZE, else 4M)
)";

constexpr std::string_view kGlobalOptions =
    R"(  -d, --db DIR              the store's folder (default: $BITASK_PATH)
  -q, --quiet               no messages but for wrong usage
  -v, --verbose             say on standard error what was done
  -h, --help                this text
)";

struct CommandText {
    std::string_view text;
    bool writes;
    std::string_view example;
};

CommandText text_of(Command command) {
    switch (command) {
        case Command::put: return {kPut, true, "bitask put -d ~/settings color blue"};
        case Command::get: return {kGet, false, "bitask get -d ~/settings color"};
        case Command::rm: return {kRm, true, "bitask rm -d ~/settings color"};
        case Command::scan:
            return {kScan, false, "bitask scan -d ~/settings --prefix user: --format json"};
        case Command::load:
            return {kLoad, true, "set -o pipefail; bitask scan -d old | bitask load -d new"};
        case Command::compact:
            return {kCompact, true, "bitask compact -d ~/settings --if-garbage 30"};
        case Command::stat: return {kStat, false, "bitask stat -d ~/settings --json"};
        case Command::verify: return {kVerify, false, "bitask verify -d ~/settings && echo sound"};
    }
    return {};
}

}  // namespace

std::string_view general_help() {
    return kGeneral;
}

std::string command_help(Command command) {
    const CommandText text = text_of(command);
    std::string help{text.text};
    help.append(text.writes ? kWriteOptions : "");
    help.append(kGlobalOptions);
    return help.append("\nexample:\n  ").append(text.example).append("\n");
}

}  // namespace bitask::cli
