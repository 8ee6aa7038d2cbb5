import { runHere } from '../fence_xvm/main.ts'
import type { Tool } from '../tool.ts'

/** fence_virt(8): fences a virtual machine over a serial port, a channel, TCP or vsock. */
export const run: Tool = (argv) => runHere('fence_virt', argv)
