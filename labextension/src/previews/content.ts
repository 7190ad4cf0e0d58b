/** What can be shown of an artifact, and how its content is read without trusting it. */
import type { ILabdeckClient } from '../tokens';
import type { ArtifactRecord } from '../wire';

/** How an artifact is shown. */
export type PreviewKind =
  'image' | 'audio' | 'figure' | 'table' | 'report' | 'text' | 'none';

/** Bytes of text that are shown. */
export const TEXT_LIMIT = 512 * 1024;
/** Bytes of an image, a sound or a figure that are read. */
export const MEDIA_LIMIT = 64 * 1024 * 1024;

/** Types a browser draws without running anything in them: SVG and HTML are none. */
const IMAGES = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/bmp'
]);
const SOUNDS = new Set([
  'audio/wav',
  'audio/x-wav',
  'audio/mpeg',
  'audio/ogg',
  'audio/flac',
  'audio/mp4'
]);
const TABLES = new Set([
  'application/vnd.apache.parquet',
  'application/x-parquet',
  'text/csv',
  'text/tab-separated-values'
]);
const TEXTS = new Set([
  'application/json',
  'application/x-yaml',
  'application/yaml',
  'application/toml',
  'application/xml',
  'application/x-sh',
  'application/javascript',
  'image/svg+xml'
]);

/** Say how an artifact is shown: as what it was logged as, if its type can be shown so. */
export function previewOf(artifact: ArtifactRecord): PreviewKind {
  const type = artifact.media_type.split(';')[0].trim().toLowerCase();
  if (artifact.kind === 'figure' && type.endsWith('json')) {
    return 'figure';
  }
  if (IMAGES.has(type)) {
    return 'image';
  }
  if (SOUNDS.has(type)) {
    return 'audio';
  }
  if (artifact.kind === 'table' || TABLES.has(type) || isTable(artifact.name)) {
    return 'table';
  }
  if (type === 'text/html' && REPORT.test(artifact.name)) {
    return 'report';
  }
  // HTML and SVG, too: as their source.
  return type.startsWith('text/') || TEXTS.has(type) ? 'text' : 'none';
}

const REPORT = /^(training|profiler|xgboost)-report\.html$/;

function isTable(name: string): boolean {
  return /\.(csv|tsv|parquet)$/i.test(name);
}

/** Read an image or a sound into an address that the page itself owns; whoever asks revokes it. */
export async function readMedia(
  client: ILabdeckClient,
  trial: string,
  artifact: ArtifactRecord
): Promise<string> {
  const content = await client.content(trial, artifact.id, MEDIA_LIMIT);
  const type = artifact.media_type.split(';')[0].trim().toLowerCase();
  return URL.createObjectURL(new Blob([content], { type }));
}

/** Read the beginning of a text. */
export async function readText(
  client: ILabdeckClient,
  trial: string,
  artifact: ArtifactRecord
): Promise<string> {
  const content = await client.content(trial, artifact.id, TEXT_LIMIT);
  return content.text();
}
