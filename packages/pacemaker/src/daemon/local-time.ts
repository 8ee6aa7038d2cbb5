const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A moment in this machine's time zone as `Www Mmm DD HH:MM:SS YYYY`, whatever the language. */
export function ctime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${days[at.getDay()]} ${months[at.getMonth()]} ${two(at.getDate())} ${time} ${at.getFullYear()}`
}

/** Local time minus UTC at this moment, in seconds. */
export function utcOffsetS(at: Date = new Date()): number {
  return -60 * at.getTimezoneOffset()
}
