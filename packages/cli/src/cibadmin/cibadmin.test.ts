import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { cibadmin } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-cibadmin-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const file = path.join(scratch, 'cib.xml')
const cib =
  '<cib crm_feature_set="3.16.1" validate-with="none" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="a"/></nodes><resources/><constraints/></configuration><status/></cib>'

function run(...argv: string[]) {
  fs.writeFileSync(file, cib)
  return tryTool(cibadmin, argv, { env: { CIB_file: file } })
}

describe('the line', () => {
  test.each([
    [['-a', '-V'], '-V'],
    [['-f', '--empty', 'pacemaker-2.0', 'x'], 'pacemaker-2.0'],
    [['-V', '-a'], 'pacemaker-3.9'],
  ])('%j prints an empty CIB that claims what comes next', async (argv, claim) => {
    const { code, out } = await run(...argv)
    expect(code).toBe(0)
    expect(out).toContain(`validate-with="${claim}"`)
  })

  test.each([
    [['--empty=x'], "option '--empty' doesn't allow an argument"],
    [['-Q', '--xpath'], "option '--xpath' requires an argument"],
    [['-Q', '-o'], "option requires an argument -- 'o'"],
  ])('%j is refused', async (argv, message) => {
    const { code, err } = await run(...argv)
    expect(code).toBe(64)
    expect(err).toContain(`cibadmin: ${message}\n`)
  })

  test('words that are no options are named on the standard output', async () => {
    expect(await run('-Q', 'foo')).toMatchObject({ code: 64, out: 'non-option ARGV-elements: foo \n' })
  })

  test('the short call for help counts as a mistake', async () => {
    expect(await run('-?')).toMatchObject({ code: 64, out: '' })
    expect(await run('--help')).toMatchObject({ code: 0, err: '' })
  })

  test.each([
    [['-C', '-X', 'x'], 'input string'],
    [['-C', '-x', 'nope.xml'], 'nope.xml'],
    [['-C', '-p'], 'STDIN'],
  ])('%j has no XML', async (argv, name) => {
    const { code, err } = await run(...argv)
    expect(code).toBe(78)
    expect(err).toMatch(new RegExp(`Couldn't parse input from ${name}\\.\n$`))
  })
})

describe('answers', () => {
  test('paths are printed of what an XPath selects, ids where elements are asked for without what is inside', async () => {
    expect(await run('-Q', '-A', '//node', '-e')).toMatchObject({
      out: "/cib/configuration/nodes/node[@id='1']\n",
    })
    expect(await run('-Q', '-A', '//node', '-e', '-n')).toMatchObject({ out: '1\n' })
    expect(await run('-Q', '-A', '//nodes', '-e', '-n')).toMatchObject({ out: '' })
    expect(await run('-Q', '-o', 'nodes', '-e')).toMatchObject({ code: 0, out: '' })
  })

  test('a whole CIB gets a status where it has none, and is older without its counters', async () => {
    const whole = '<cib crm_feature_set="3.16.1" validate-with="none" epoch="2" num_updates="0" admin_epoch="0"/>'
    expect(await run('-R', '-X', whole)).toMatchObject({ code: 0 })
    expect(fs.readFileSync(file, 'utf8')).toContain('<status/>')
    expect(await run('-R', '-X', whole.replace('admin_epoch="0"', 'admin_epoch="x"'))).toMatchObject({ code: 103 })
  })

  test('the digest of what has no feature set is of none', async () => {
    expect((await run('-6', '-X', '<a/>')).err).toBe('Versioned ((null)) digest: ')
  })

  test('errors are told twice from the second -V on, the end from the fifth', async () => {
    const refused = ['-M', '-o', 'nodes', '-X', '<node id="9"/>']
    const text = 'Call failed: No such device or address\n'
    expect((await run(...refused, '-V')).err).toBe(text)
    expect((await run(...refused, '-V', '-V')).err).toBe(`(main) \terror: ${text}${text}`)
    expect((await run('-B', '-VVVVV')).err).toBe('(crm_exit) \tinfo: Exiting cibadmin | with status 0\n')
  })
})
