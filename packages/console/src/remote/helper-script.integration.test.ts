import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { AnswerReader } from './answer-reader.ts'
import { cibLines } from './cib-answer.ts'
import { type HelperRequest, requestText } from './helper-request.ts'
import { helperScript } from './helper-script.ts'
import { patchedLines } from './line-patch.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-helper-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))
for (const name of ['cibadmin', 'crm_resource', 'crm_attribute', 'crm_node', 'stonith_admin']) {
  // Tells how it was called, and what it was given.
  const script = '#!/bin/sh\nbasename "$0"\nfor word; do printf "[%s]\\n" "$word"; done\ncat\n'
  fs.writeFileSync(path.join(folder, name), script, { mode: 0o755 })
}

/**
 * What the helper's tools are called with in a real shell, by request. Greeting and requests are sent at once: bash, which
 * does not read ahead, is asked.
 */
function called(...requests: readonly HelperRequest[]): readonly string[] {
  return answered(folder, requests)
}

function answered(place: string, requests: readonly HelperRequest[]): readonly string[] {
  const input = helperScript + requests.map((request, index) => requestText(index + 1, request)).join('')
  const env = { PATH: `${place}:/usr/bin:/bin` }
  const { stdout, status } = spawnSync('bash', ['-s'], { input, env })
  expect(status).toBe(0)
  const answers = new AnswerReader(1_000_000).read(stdout)
  if (typeof answers === 'string') expect.fail(answers)
  return answers.slice(1).map(({ body }) => new TextDecoder().decode(body))
}

test('what is named is one word behind its option, whatever is in it', () => {
  const nasty = `-r $(id) \`id\` "'; rm -rf / # \\n %s * é`
  expect(
    called(
      { verb: 'cleanup', resource: nasty, node: undefined },
      { verb: 'refresh', resource: nasty, node: nasty },
      { verb: 'attribute', node: nasty, name: ' ' },
    ),
  ).toEqual([
    `crm_resource\n[--cleanup]\n[--resource=${nasty}]`,
    `crm_resource\n[--refresh]\n[--resource=${nasty}]\n[--node=${nasty}]`,
    `crm_attribute\n[--node=${nasty}]\n[--name= ]\n[--lifetime=reboot]\n[--delete]`,
  ])
})

test('a patch goes to the tool as it is, and what follows it is the next request', () => {
  const xml = '<diff>\n  <change path="/cib[@id=\'ü\']" value="$(id)"/>\n</diff>'
  expect(called({ verb: 'patch', xml }, { verb: 'remove', xml: '<constraints/>' }, { verb: 'name' })).toEqual([
    `cibadmin\n[--patch]\n[--xml-pipe]\n${xml}`,
    'cibadmin\n[--delete]\n[--scope]\n[constraints]\n[--xml-pipe]\n<constraints/>',
    'crm_node\n[--name]',
  ])
})

test('names of any letters come as they are', () => {
  const word = fc.string({ unit: 'grapheme-composite', maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text))
  fc.assert(
    fc.property(word, word, (resource, node) => {
      const [said] = called({ verb: 'cleanup', resource, node })
      const on = node === '' ? '' : `\n[--node=${node}]`
      expect(said).toBe(`crm_resource\n[--cleanup]\n[--resource=${resource}]${on}`)
    }),
    { numRuns: 25 },
  )
})

/** A CIB of an epoch with so many nodes, as cibadmin prints it. */
const cibText = (epoch: number, nodes: number): string =>
  [
    `<cib epoch="${epoch}">`,
    ...Array.from({ length: nodes }, (_, id) => `  <node id="${id}" name="n${id}"/>`),
    `  <epoch-${epoch}/>`,
    '</cib>',
    '',
  ].join('\n')

test.each([
  ['a small one is asked for at once', 3, ['--query', '--query', '--query', '--query']],
  [
    'of a large one the version is looked at first',
    8000,
    ['--query', '--query --no-children', '--query --no-children', '--query', '--query'],
  ],
])('a CIB comes whole, then not at all, then its changed lines, and whole when it is wanted: %s', (_, nodes, calls) => {
  const place = fs.mkdtempSync(path.join(folder, 'cib-'))
  const file = (name: string, content: string): void =>
    fs.writeFileSync(path.join(place, name), content, { mode: 0o755 })
  file('cib', cibText(1, nodes))
  file('next', cibText(2, nodes))
  file(
    'cibadmin',
    `#!/bin/sh
[ "$1" = --query ] && echo "$*" >> ${place}/calls
case $* in
*--no-children) sed -n '1s/>$/\\/>/p' ${place}/cib ;;
*) cat ${place}/cib ;;
esac
`,
  )
  file('crm_resource', `#!/bin/sh\ncp ${place}/next ${place}/cib\n`)
  const change: HelperRequest = { verb: 'cleanup', resource: 'r', node: undefined }
  const [first, second, , third, fourth] = answered(place, [
    { verb: 'look' },
    { verb: 'look' },
    change,
    { verb: 'look' },
    { verb: 'anew' },
  ])
  const whole = cibLines([], first ?? '')
  expect(whole).toEqual(cibText(1, nodes).trimEnd().split('\n'))
  if (whole === undefined || whole === 'same') expect.fail('the first is whole')
  expect(second).toBe('same')
  expect(third).toMatch(/^delta /)
  expect(third?.length).toBeLessThan(200)
  expect(cibLines(whole, third ?? '')).toEqual(cibText(2, nodes).trimEnd().split('\n'))
  expect(fourth).toBe(`whole\n${cibText(2, nodes).trimEnd()}`)
  expect(fs.readFileSync(path.join(place, 'calls'), 'utf8').trimEnd().split('\n')).toEqual(calls)
})

const text = fc.array(fc.constantFrom('a', 'b', '<node id="1"/>', '> x', '---', '< y', ''), {
  minLength: 1,
  maxLength: 12,
})

test('what the real diff says of two texts makes the second out of the first', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-diff-'))
  const file = (name: string, content: readonly string[]): string => {
    fs.writeFileSync(path.join(folder, name), `${content.join('\n')}\n`)
    return path.join(folder, name)
  }
  try {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const script = 'diff "$1" "$2"; [ $? -lt 2 ]'
        const said = execFileSync('sh', ['-c', script, 'sh', file('a', before), file('b', after)], { encoding: 'utf8' })
        const diff = said === '' ? [] : said.slice(0, -1).split('\n')
        expect(patchedLines(before, diff)).toEqual(after)
      }),
      { numRuns: 40 },
    )
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
})
