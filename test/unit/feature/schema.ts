/**
 * The rules for devcontainer-feature.json, written down from the specification,
 * https://containers.dev/implementors/features/ (properties, options, mounts, lifecycle hooks), as its
 * `devContainerFeature.schema.json` has them: nothing else may be there.
 */

const COMMAND = {
  anyOf: [
    { type: 'string' },
    { type: 'array', items: { type: 'string' } },
    {
      type: 'object',
      additionalProperties: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    },
  ],
};

const STRINGS = { type: 'array', items: { type: 'string' } };

const option = (properties: object, required: readonly string[]) => ({
  type: 'object',
  properties: { description: { type: 'string' }, ...properties },
  required: ['type', 'default', ...required],
  additionalProperties: false,
});

const STRING_OPTION = { type: { const: 'string' }, default: { type: 'string' } };

const OPTION = {
  anyOf: [
    option({ type: { const: 'boolean' }, default: { type: 'boolean' } }, []),
    // Either all values that are allowed, or some that are suggested.
    option({ ...STRING_OPTION, enum: STRINGS }, ['enum']),
    option({ ...STRING_OPTION, proposals: STRINGS }, []),
  ],
};

const MOUNT = {
  type: 'object',
  properties: { source: { type: 'string' }, target: { type: 'string' }, type: { enum: ['bind', 'volume'] } },
  required: ['type', 'source', 'target'],
  additionalProperties: false,
};

export const FEATURE_SCHEMA = {
  type: 'object',
  properties: {
    // "must match the name of the directory", and becomes a part of an OCI reference.
    id: { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' },
    // "Follows the semantic versioning specification."
    version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
    name: { type: 'string' },
    description: { type: 'string' },
    documentationURL: { type: 'string', pattern: '^https://' },
    licenseURL: { type: 'string', pattern: '^https://' },
    keywords: STRINGS,
    options: { type: 'object', additionalProperties: OPTION },
    containerEnv: { type: 'object', additionalProperties: { type: 'string' } },
    privileged: { type: 'boolean' },
    init: { type: 'boolean' },
    capAdd: STRINGS,
    securityOpt: STRINGS,
    entrypoint: { type: 'string' },
    customizations: { type: 'object' },
    dependsOn: { type: 'object' },
    installsAfter: STRINGS,
    legacyIds: STRINGS,
    deprecated: { type: 'boolean' },
    mounts: { type: 'array', items: MOUNT },
    onCreateCommand: COMMAND,
    updateContentCommand: COMMAND,
    postCreateCommand: COMMAND,
    postStartCommand: COMMAND,
    postAttachCommand: COMMAND,
  },
  required: ['id', 'version', 'name'],
  additionalProperties: false,
};
