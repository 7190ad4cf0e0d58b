/* Turns the schema on standard input (wire_schema.py) into the TypeScript file named as argument. */
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { compile } from 'json-schema-to-typescript';
import { format, resolveConfig } from 'prettier';

const HEADER = `/* eslint-disable */
/**
 * Generated from labdeck.wire by \`make wire\`: change the records there, never this file.
 */
`;

const target = process.argv[2];
if (!target) {
  throw new Error('usage: wire.mjs TARGET.ts < schema.json');
}
// A pipe may have nothing yet when it is read: its end is waited for.
const schema = JSON.parse(await text(process.stdin));
const types = await compile(schema, 'Wire', {
  additionalProperties: false,
  bannerComment: '',
  format: false
});
const version = `
/** The version this file was generated for; the server says its own in Status. */
export const WIRE_VERSION = ${schema['x-wire-version']};
`;
const options = await resolveConfig('labextension/src/wire.ts');
const source = await format(HEADER + types + version, {
  ...options,
  parser: 'typescript'
});
writeFileSync(target, source);
