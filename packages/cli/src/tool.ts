/** A command: arguments in (without the program's name), exit code out. */
export type Tool = (argv: readonly string[]) => Promise<number>
