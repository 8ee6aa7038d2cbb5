/** Nodes of a cluster (MAXNODE of the C daemon). */
export const nodesMax = 100
/** Characters of a node's name. */
export const nodeNameMax = 63
/** Packets that a sender keeps for those who missed them, and the widest gap that is asked for. */
export const historyMax = 500
/** Packets without acknowledgement at which clients have to wait. */
export const unackedMax = 250
/** Every so many packets of a node are acknowledged. */
export const ackEvery = 10
/** A request for the same packet is not heard again for so long, ms. */
export const rexmitDeafMs = 240
/** A missing packet is asked for again after so long, ms. */
export const rexmitAgainMs = 250
/** Packets of one node that are asked for at a time. */
export const rexmitAsksMax = 50
/** Messages of clients that wait for acknowledgements. */
export const clientMessagesWaitingMax = 2000
/** Generations and sequence numbers are unsigned 32-bit numbers. */
export const generationMax = 0xffff_ffff
