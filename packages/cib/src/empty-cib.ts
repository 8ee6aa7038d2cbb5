import { element, type XmlElement } from '@quorate/xml'

/** Feature set of Pacemaker 2.1.5, whose behaviour this product has. */
export const featureSet = '3.16.1'
/** Newest schema that 2.1.5 knows. */
export const newestSchema = 'pacemaker-3.9'

/**
 * A CIB with nothing in it.
 *
 * @param epoch 0 for a node that starts without a file (so that any other CIB wins), 1 where a person asks for one
 */
export function emptyCib(epoch: number, schema = newestSchema): XmlElement {
  return element(
    'cib',
    {
      crm_feature_set: featureSet,
      'validate-with': schema,
      epoch: String(epoch),
      num_updates: '0',
      admin_epoch: '0',
    },
    emptySections(),
  )
}

/** The sections that every CIB has. */
export function emptySections(): readonly XmlElement[] {
  const names = ['crm_config', 'nodes', 'resources', 'constraints']
  return [
    element(
      'configuration',
      {},
      names.map((name) => element(name)),
    ),
    element('status'),
  ]
}
