/** What is asked for of watched trainings. */

/** What a report is about. */
export type ReportKind = 'training' | 'profiler' | 'xgboost';

/** A figure over the recorded tensors of a trial: layers over steps, one tensor's curves, its spread, or all its values. */
export interface ITensorFigureRequest {
  trial: string;
  kind: 'map' | 'tensor' | 'histogram' | 'values';
  /** The arguments of its route; absent ones are left out. */
  settings: Readonly<Record<string, string | number | undefined>>;
}

/** What of a recorded model is asked for. */
export interface INetworkRequest {
  trial: string;
  reduction: string;
  /** Of tensors of which collection; "" for any. */
  collection: string;
  /** Of which module and those within it; "" for the whole model. */
  within: string;
  mode: string;
  /** The latest if absent. */
  step?: number;
}

/** Which findings are asked for; newest first. */
export interface IFindingsRequest {
  /** Of one trial, */
  trial?: string;
  /** or of one experiment; of all without either. */
  experiment?: string;
  /** With those that were dismissed. */
  dismissed: boolean;
  offset: number;
  /** At most 500. */
  limit: number;
}
