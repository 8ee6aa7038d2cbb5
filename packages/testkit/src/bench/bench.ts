/** One measurement series: prints its own lines, ratios against the real program of the same run among them. */
export type Bench = (argv: readonly string[]) => Promise<number>
