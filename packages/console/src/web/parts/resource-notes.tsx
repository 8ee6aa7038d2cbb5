import { infiniteScore } from '../../api/index.ts'
import { failureCount, type Row } from '../cluster-rows.ts'
import { useTexts } from '../texts/language.ts'

/** What is out of the ordinary about a resource, as words. */
export function ResourceNotes({ row }: { readonly row: Row }) {
  const texts = useTexts()
  const { resource, leftover } = row
  const notes: string[] = []
  const failures = failureCount(resource)
  if (failures > 0) {
    notes.push(texts.failCount({ count: failures >= infiniteScore ? texts.infinity : String(failures) }))
  }
  if (!resource.isManaged) notes.push(texts.flag.unmanaged)
  if (resource.isMaintenance) notes.push(texts.flag.maintenance)
  if (resource.isDisabled) notes.push(texts.flag.disabled)
  if (resource.isBlocked) notes.push(texts.flag.blocked)
  if (resource.isOrphan) notes.push(texts.flag.orphan)
  if (leftover !== undefined) notes.push(texts.leftover[leftover.kind]({ node: leftover.node ?? '?' }))
  return notes.map((note) => (
    <span className="badge" key={note}>
      {note}
    </span>
  ))
}
