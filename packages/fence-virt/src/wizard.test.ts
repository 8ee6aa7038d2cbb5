import { expect, it } from 'vitest'
import { dumpConf, parseConf } from './conf-tree.ts'
import { wizard } from './wizard.ts'

/** Runs the wizard over answers, Enter behind the last; gives what it asked, and what it made. */
function run(source: string, answers: readonly string[]): { readonly asked: string; readonly text: string } {
  const parsed = parseConf(source)
  const questions = wizard(parsed.ok ? parsed.value : undefined, '/key')
  let asked = ''
  let turn = questions.next()
  for (let index = 0; turn.done !== true; index += 1) {
    asked += `${turn.value.before}${turn.value.question}\n`
    turn = questions.next(answers[index] ?? '')
  }
  return { asked, text: dumpConf(turn.value) }
}

it('asks again for what is no address and no port, and takes another mode from one who insists', () => {
  const tcp = run('', ['', 'tcp', 'xyz', '::1', '0', '70000', 'abc', '80'])
  expect(tcp.asked).toContain("'xyz' is not a valid IP address!\n")
  expect(tcp.asked.match(/Port value '\w+' is out of range/g)).toHaveLength(3)
  expect(tcp.text).toContain('port = "80";')
  expect(tcp.text).toContain('family = "ipv6";')
  expect(run('', ['', 'serial', '', '', 'foo', 'n', 'vmchannel']).text).toContain('mode = "vmchannel";')
  expect(run('', ['', 'serial', '', '', 'foo', '']).text).toContain('mode = "foo";')
  expect(run('', ['', 'multicast', '', '', '', '', 'cpg', '', 'foo', 'name']).text).toContain('name_mode = "name";')
})

it('comes to its end where nobody answers, whatever the file holds', () => {
  const { text } = run('listeners { tcp { port = "x"; address = "host"; } } fence_virtd { listener = "tcp"; }', [])
  expect(text).toContain('port = "1229";')
  expect(text).toContain('address = "host";')
})

it('keeps what is configured beside the chosen listener and backend', () => {
  const { text } = run(
    `fence_virtd { listener = "tcp"; backend = "libvirt"; }
     listeners { tcp { port = "77"; } } backends { libvirt { uri = "u"; uri1 = "v"; } }`,
    ['', 'multicast', '', '', '', '', 'cpg', 'w'],
  )
  const { nodes } = ((parsed) => (parsed.ok ? parsed.value : { nodes: [] }))(parseConf(text))
  expect(nodes.map(({ nodes: inner }) => inner.map(({ name }) => name))).toEqual([
    ['libvirt', 'cpg'],
    ['tcp', 'multicast'],
    [],
  ])
})
