import { commonOptions, type ToolInfo } from '../pacemaker/tool-options.ts'

const query = { group: 'Queries' }
const command = { group: 'Commands' }
const advanced = { group: 'Advanced Options' }
const additional = { group: 'Additional Options' }
const deprecated = { group: 'Deprecated Options' }

/** Options of crm_ticket (behaviour/pacemaker-tools.md 14). Those without a help text are old, and change nothing. */
export const ticketInfo: ToolInfo = {
  name: 'crm_ticket',
  purpose: 'Shows and changes the tickets of this site.',
  examples: [
    ['How do the tickets stand', 'crm_ticket --info'],
    ['What depends on a ticket', 'crm_ticket --ticket siteA --constraints'],
    ['Grant a ticket that no other site has', 'crm_ticket --ticket siteA --grant --force'],
    ['Let go of its resources before giving it away', 'crm_ticket --ticket siteA --standby'],
    ['Forget a ticket', 'crm_ticket --ticket siteA --cleanup'],
  ],
  options: [
    ...commonOptions,
    { short: 'l', long: 'info', help: 'Show how tickets stand', ...query },
    { short: 'L', long: 'details', help: 'Show all that is known of tickets', ...query },
    { short: 'w', long: 'raw', help: 'Show the IDs of tickets', ...query },
    { short: 'q', long: 'query-xml', help: 'Show the XML of tickets', ...query },
    { short: 'c', long: 'constraints', help: 'Show the constraints on tickets', ...query },
    { short: 'g', long: 'grant', help: 'Grant a ticket to this site', ...command },
    { short: 'r', long: 'revoke', help: 'Revoke a ticket from this site', ...command },
    { short: 's', long: 'standby', help: 'Put a ticket on standby', ...command },
    { short: 'a', long: 'activate', help: 'Take a ticket off standby', ...command },
    { short: 'G', long: 'get-attr', argument: 'ATTRIBUTE', help: 'Show an attribute of a ticket', ...advanced },
    { short: 'S', long: 'set-attr', argument: 'ATTRIBUTE', help: 'Set an attribute of a ticket', ...advanced },
    { short: 'D', long: 'delete-attr', argument: 'ATTRIBUTE', help: 'Remove an attribute of a ticket', ...advanced },
    { short: 'C', long: 'cleanup', endsCluster: true, help: 'Forget a ticket at this site', ...advanced },
    { short: 'v', long: 'attr-value', argument: 'VALUE', help: 'Value for -S', ...additional },
    { short: 'd', long: 'default', argument: 'VALUE', help: 'What -G shows where there is none', ...additional },
    { short: 'f', long: 'force', help: 'Do it all the same', ...additional },
    { short: 't', long: 'ticket', argument: 'ID', help: 'The ticket', ...additional },
    { short: 'n', long: 'set-name', argument: 'ID', help: '', ...deprecated },
    { short: 'i', long: 'nvpair', argument: 'ID', help: '', ...deprecated },
    { short: 'Q', long: 'quiet', help: '', ...deprecated },
  ],
}
