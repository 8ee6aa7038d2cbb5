/** What `drive-console.mjs` prints of resources that all run on one of two nodes and prefer it less than they stick. */
export function drivenAnswer(from: string, to: string, count: number) {
  const each = (text: string): readonly string[] => Array.from({ length: count }, () => text)
  return {
    localNode: from,
    from: each(from),
    outcomes: each('will'),
    made: count,
    isSameAgain: true,
    state: 'done',
    items: each(`done ${to}`),
    left: 0,
    places: each(to),
    epochs: 2,
    isClean: true,
    tokenMode: '600',
    isTokenGone: true,
    operations: [
      `ban done: done ${from}`,
      'clearMoves done: done',
      `standby done: done`,
      'online done: done',
      'maintenance done: done',
      'endMaintenance done: done',
      'cleanup done: done',
      `refresh done: ${each('done').join()}`,
    ],
    failures: [1, 0],
    placesThen: each(from),
    exitCode: 0,
  }
}
