const states: Readonly<Record<string, string>> = {
  init: 'Initializing pacemaker',
  starting_daemons: 'Pacemaker daemons are starting',
  wait_for_ping: 'Waiting for startup-trigger from SBD.',
  running: 'Pacemaker is running',
  shutting_down: 'Pacemaker daemons are shutting down',
  shutdown_complete: 'Pacemaker daemons are shut down (reporting to SBD)',
  remote: 'Pacemaker Remote',
}

/** State of pacemakerd in words. */
export function pacemakerdText(state: string): string {
  return states[state] ?? 'unknown'
}
