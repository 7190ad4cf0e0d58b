import type { FindingRecord } from '../wire';
import type { Wish } from './words';

/** What can be done with findings and trainings; the features' commands do it. */
export interface IFindingActions {
  /** Show the step at which it was found. */
  onOpen: (finding: FindingRecord) => void;
  /** Step through the recording that was kept with it. */
  onOpenRecording: (finding: FindingRecord) => void;
  /** Put it away, or take it out again. */
  onDismiss: (ids: readonly string[], dismissed: boolean) => void;
  /** Ask something of a training; returns whether it was passed on. */
  onAsk: (trial: string, wish: Wish, argument: string) => Promise<boolean>;
  /** Whether steps and recordings can be shown. */
  canOpen: () => boolean;
}
