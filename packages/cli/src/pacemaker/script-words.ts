/**
 * Words of a command as those tools put it together that are shell scripts with the real ones: texts are taken apart at blanks, and
 * an empty one is no word.
 */
export function scriptWords(parts: readonly string[]): readonly string[] {
  return parts.flatMap((part) => part.split(/[ \t\n]+/).filter((word) => word !== ''))
}
