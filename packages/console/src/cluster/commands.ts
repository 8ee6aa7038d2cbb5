import type { OperationRequest } from '../api/operation.ts'

/** An operation on some of its targets with the command-line tools, a line each. */
export function commandsOf(request: OperationRequest, effective: readonly string[]): readonly string[] {
  const each = (line: (id: string) => string): readonly string[] =>
    [...new Set(effective)].map((id) => line(quoted(id)))
  const meta = (name: string, value: string) => (id: string) =>
    `crm_resource --resource ${id} --meta --set-parameter ${name} --parameter-value ${value}`
  const attribute = (name: string, value: string | undefined) => (id: string) =>
    `crm_attribute --node ${id} --name ${name} ${value === undefined ? '--delete' : `--update ${value}`}`
  switch (request.kind) {
    case 'move': {
      const { to, seconds, keep } = request.args
      const lifetime = keep ? '' : ` --lifetime PT${seconds}S`
      const moves = each((id) => `crm_resource --move --resource ${id} --node ${quoted(to)}${lifetime}`)
      return keep ? moves : [...moves, 'crm_resource --wait', ...each((id) => `crm_resource --clear --resource ${id}`)]
    }
    case 'clearMoves':
      return each((id) => `crm_resource --clear --resource ${id}`)
    case 'ban':
      return each((id) => `crm_resource --ban --resource ${id} --node ${quoted(request.args.from)}`)
    case 'start':
      return each(meta('target-role', 'Started'))
    case 'stop':
      return each(meta('target-role', 'Stopped'))
    case 'manage':
      return each(meta('is-managed', 'true'))
    case 'unmanage':
      return each(meta('is-managed', 'false'))
    case 'cleanup': {
      const node = request.args?.node === undefined ? '' : ` --node ${quoted(request.args.node)}`
      return each((id) => `crm_resource --cleanup --resource ${id}${node}`)
    }
    case 'refresh':
      return each((id) => `crm_resource --refresh --resource ${id}`)
    case 'standby':
      return each((id) => `crm_standby --node ${id} --update on`)
    case 'online':
      return each((id) => `crm_standby --node ${id} --delete`)
    case 'maintenance':
      return each(attribute('maintenance', 'true'))
    case 'endMaintenance':
      return each(attribute('maintenance', undefined))
    case 'ticketGrant':
      return each((id) => `crm_ticket --ticket ${id} --grant --force`)
    case 'ticketRevoke':
      return each((id) => `crm_ticket --ticket ${id} --revoke --force`)
    case 'ticketStandby':
      return each((id) => `crm_ticket --ticket ${id} --standby`)
    case 'ticketActivate':
      return each((id) => `crm_ticket --ticket ${id} --activate`)
    default:
      return request satisfies never
  }
}

/** A word as a shell takes it for one. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
