import type { Option } from '../pacemaker/command-line.ts'

/** Options of corosync-keygen(8). */
export const keygenOptions: readonly Option[] = [
  { short: 'k', long: 'key-file', argument: 'filename', help: 'Write to the specified keyfile' },
  { short: 'r', long: 'random-file', argument: 'filename', help: 'Random number source file' },
  { short: 'l', long: 'less-secure', help: 'Not used, option is kept only for compatibility.' },
  { short: 's', long: 'size', argument: 'bytes', help: 'Length of key.' },
  { short: 'h', long: 'help', help: 'Print basic usage.' },
]

/** The help. */
export const keygenUsage = `Usage: corosync-keygen [-k <keyfile>] [-s size] [-r <randomfile>] [-l] [-h]

Makes the secret by which the nodes of a ring know each other: copy it to every node, mode 400.

     -k / --key-file=<filename> - Write to the specified keyfile
            instead of the default /etc/corosync/authkey.
     -r / --random-file=<filename> - Take the bytes of this file
            instead of /dev/urandom.
     -s / --size=<bytes> - Length of the key, 128 to 4096; 256 by default.
     -l / --less-secure - Not used, option is kept only
            for compatibility.
     -h / --help - Print basic usage.

Example:
     corosync-keygen -s 1024 -k /tmp/authkey
`
