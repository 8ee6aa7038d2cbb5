/** Tools that the helper runs; Pacemaker's and ours have the same options. */
const tools = 'cibadmin crm_resource crm_attribute crm_node stonith_admin diff head'

/** A CIB of up to so many bytes is asked for at once: the start of a tool costs more than that. */
const cheapBytesMax = 200_000

/**
 * What runs on a host while it is connected: POSIX shell, told to `sh -s`, and gone with the connection. It keeps nothing on
 * the host. This text is the same for everybody: what people name comes later, as data on its standard input, and is never
 * read as shell text.
 *
 * A shell may read ahead of what it runs, or not beyond its line: nothing is sent before the greeting, and the last line has
 * the end in it too.
 *
 * The CIB travels once whole, then as the lines that changed (`diff`), and only where it is another one: of a large one the
 * version is looked at first.
 */
export const helperScript = `LC_ALL=C
PATH=\${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
version= cib= history=
answer() { printf '%s %s %s\\n%s\\n' "$id" "$1" "\${#2}" "$2"; }
told() { said=$("$@" 2>&1 </dev/null); answer $? "$said"; }
given() {
  data=$(head -c "$size")
  said=$(printf '%s\\n' "$data" | "$@" 2>&1)
  answer $? "$said"
}
look() {
  if [ \${#cib} -gt ${cheapBytesMax} ]; then
    said=$(cibadmin --query --no-children 2>/dev/null </dev/null)
    if [ $? = 0 ] && [ "\${said%/>*}" = "$version" ]; then answer 0 same; return; fi
  fi
  new=$(cibadmin --query 2>/dev/null </dev/null)
  rc=$?
  if [ $rc != 0 ]; then told cibadmin --query --no-children; return; fi
  if [ "$new" = "$cib" ]; then answer 0 same; return; fi
  version=\${new%%>*}
  rc=2
  if [ -n "$cib" ]; then
    delta=$(printf '%s\\n' "$cib" | diff - /dev/fd/3 3<<QUORATE_END
$new
QUORATE_END
)
    rc=$?
  fi
  cib=$new
  if [ $rc -lt 2 ] && [ \${#delta} -lt \${#new} ]; then
    answer 0 "delta \${#new}
$delta"
  else
    answer 0 "whole
$new"
  fi
}
fencing() {
  said=$(stonith_admin --history '*' --verbose --output-as=xml 2>/dev/null </dev/null)
  rc=$?
  if [ $rc = 0 ] && [ "$said" = "$history" ]; then answer 0 same; return; fi
  history=$said
  answer $rc "$said"
}
main() {
  printf 'quorate-console 1\\n'
  missing=
  for tool in ${tools}; do command -v $tool >/dev/null 2>&1 || missing="$missing $tool"; done
  id=0
  answer 0 "user=$(id -un)
uid=$(id -u)
missing=$missing
version=$(cibadmin --version 2>/dev/null </dev/null | head -n 1)"
  while IFS=' ' read -r id verb size; do
    case $verb in
    look) look ;;
    anew) version= cib= history=; look ;;
    name) told crm_node --name ;;
    fencing) fencing ;;
    patch) given cibadmin --patch --xml-pipe ;;
    remove) given cibadmin --delete --scope constraints --xml-pipe ;;
    attribute)
      IFS= read -r node
      IFS= read -r name
      told crm_attribute --node="$node" --name="$name" --lifetime=reboot --delete ;;
    cleanup | refresh)
      IFS= read -r resource
      IFS= read -r node
      if [ -n "$node" ]; then told crm_resource --$verb --resource="$resource" --node="$node"
      else told crm_resource --$verb --resource="$resource"; fi ;;
    *) exit 64 ;;
    esac
  done
}
main; exit
`
