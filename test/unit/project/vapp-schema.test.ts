import assert from 'node:assert/strict';
import { Ajv } from 'ajv';
import schema from '../../../schemas/vapp.schema.json';

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly $ref?: string;
}

describe('vapp.schema.json', () => {
  it('is a schema of draft 7, which the language servers of VS Code understand', () => {
    const ajv = new Ajv();
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#');
    assert.equal(ajv.validateSchema(schema), true, ajv.errorsText());
  });

  it('describes every key, for completion and hover', () => {
    const undescribed: string[] = [];
    const walk = (node: Described, path: string) => {
      for (const [key, property] of Object.entries(node.properties ?? {})) {
        if (property.description === undefined && property.$ref === undefined) undescribed.push(`${path}${key}`);
        walk(property, `${path}${key}.`);
        if (property.items) walk(property.items, `${path}${key}[].`);
      }
    };
    walk(schema, '');
    for (const [name, definition] of Object.entries(schema.definitions as Record<string, Described>)) {
      walk(definition, `${name}.`);
      if (definition.properties && definition.description === undefined) undescribed.push(name);
    }
    assert.deepEqual(undescribed, []);
  });
});
