import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseXml } from '@quorate/xml'
import { afterAll, expect, test } from 'vitest'
import type { AlertEvent } from '../alerts/alert-event.ts'
import { AlertService } from './alert-service.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'alerts-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

function agent(name: string, script: string): string {
  const file = path.join(folder, name)
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return file
}

function serviceWith(alerts: string) {
  const read = parseXml(`<cib><configuration><alerts>${alerts}</alerts></configuration></cib>`)
  if (!read.ok) throw new Error(read.error.reason)
  const log: string[] = []
  const cib = { cib: read.value }
  return { service: new AlertService({ cib, runAs: undefined, log: (_, text) => void log.push(text) }), log }
}

const event: AlertEvent = { kind: 'node', node: 'n2', nodeId: '2', state: 'lost' }

test('agents are told by their environment alone, and the daemon waits for them at its end', async () => {
  const out = path.join(folder, 'out')
  const file = agent(
    'write',
    `echo "$# $CRM_alert_kind $CRM_notify_node $CRM_alert_desc $LC_ALL $mine" > "$CRM_alert_recipient"`,
  )
  const mine = '<instance_attributes id="i"><nvpair id="v" name="mine" value="$(id); x"/></instance_attributes>'
  const { service, log } = serviceWith(`<alert id="a" path="${file}">${mine}<recipient id="r" value="${out}"/></alert>`)
  service.send(event)
  await service.close()
  expect([fs.readFileSync(out, 'utf8'), log]).toEqual(['0 node n2 lost C $(id); x\n', []])
  fs.rmSync(out)
  service.send(event)
  await service.close()
  expect(fs.existsSync(out)).toBe(false)
})

test('what becomes of agents that fail is said', async () => {
  const late = agent('late', 'sleep 1000')
  const no = agent('no', 'exit 3')
  const closed = path.join(folder, 'closed')
  fs.writeFileSync(closed, '', { mode: 0o600 })
  const timeout = '<meta_attributes id="m"><nvpair id="t" name="timeout" value="50ms"/></meta_attributes>'
  const alerts = [
    ['late', late, timeout],
    ['no', no, ''],
    ['none', path.join(folder, 'none'), ''],
    ['closed', closed, ''],
  ]
  const { service, log } = serviceWith(
    alerts.map(([id, file, inner]) => `<alert id="${id}" path="${file}">${inner}</alert>`).join(''),
  )
  service.send(event)
  await service.close()
  expect(log.sort()).toEqual([
    `Could not send alert closed: Error (${closed}: Permission denied)`,
    `Could not send alert late: Timed Out (${late} did not complete within 50ms)`,
    `Could not send alert no: Error (${no} returned 3)`,
    `Could not send alert none: Not installed (${path.join(folder, 'none')}: No such file or directory)`,
  ])
})
