import { votequorumInfoFlags } from '@quorate/corosync/client'
import { expect, test } from 'vitest'
import { membersText, statusText } from './status-text.ts'

const votes = {
  nodeId: 2,
  state: 'member',
  votes: 1,
  expectedVotes: 3,
  highestExpected: 3,
  totalVotes: 1,
  quorum: 2,
  flags: votequorumInfoFlags.waitForAll,
  qdeviceVotes: 0,
  qdeviceName: '',
} as const
const member = { nodeId: 2, votes: 1, name: 'n2', isLocal: true, flags: 0 }
const style = { isHex: false, isParsable: false }

test('a node without quorum is blocked; the ring id is hexadecimal', () => {
  const text = statusText(
    {
      at: new Date(2026, 10, 4, 5, 6, 7),
      nodeCount: 1,
      nodeId: 2,
      ringRep: 17,
      ringSeq: 29n,
      isQuorate: false,
      votes,
      members: [member],
    },
    style,
  )
  expect(text).toBe(`Quorum information
------------------
Date:             Wed Nov  4 05:06:07 2026
Quorum provider:  corosync_votequorum
Nodes:            1
Node ID:          2
Ring ID:          11.1d
Quorate:          No

Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      1
Quorum:           2 Activity blocked
Flags:            WaitForAll 

Membership information
----------------------
    Nodeid      Votes Name
         2          1 n2 (local)
`)
})

test('a quorum device has a column and a row of its own', () => {
  const { qdeviceRegistered, qdeviceAlive, qdeviceCastVote } = votequorumInfoFlags
  const flags = qdeviceRegistered | qdeviceAlive | qdeviceCastVote
  const own = { ...votes, flags, qdeviceVotes: 1, qdeviceName: 'Qdevice' }
  expect(membersText([{ ...member, flags }], own, style)).toBe(`
Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         2          1    A,V,NMW n2 (local)
         0          1            Qdevice
`)
})

test('a quorum device of another member is shown, with the votes that it does not give here', () => {
  const own = { ...votes, flags: 0, qdeviceVotes: 1, qdeviceName: 'Q' }
  expect(membersText([member], own, style)).toBe(`
Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         2          1         NR n2 (local)
         0          0            Q (votes 1)
`)
})

test('hexadecimal node ids; NR for a member without a device', () => {
  expect(membersText([member], votes, { isHex: true, isParsable: true })).toContain(
    '\n0x00000002          1         NR n2 (local)\n',
  )
})
