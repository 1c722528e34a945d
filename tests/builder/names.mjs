// What the queries of the cases can name.

export const names = {
  attributes: [
    { id: 0, key: 'department', type: 'text' },
    { id: 1, key: 'email', type: 'text', ignore_case: true },
    { id: 2, key: 'level', type: 'integer' },
    { id: 3, key: 'rate', type: 'decimal' },
    { id: 4, key: 'remote', type: 'boolean' },
    { id: 5, key: 'hired_on', type: 'date' },
    { id: 6, key: 'last_login', type: 'timestamp' },
    { id: 7, key: 'country', type: 'choice', options: ['ZA', 'NA', 'BW', 'Bonaire, Saba'].map(key => ({ key })) },
    { id: 8, key: 'skills', type: 'multi_choice', options: ['rust', 'go', 'sql', 'js'].map(key => ({ key })) },
    { id: 9, key: 'manager', type: 'user' },
    { id: 10, key: 'org', type: 'path' },
  ],
  users: ['ann', 'bob', "o'hara"],
  segments: ['sales', 'new starters'],
  sites: ['main', 'emea'],
  courses: ['gdpr', 'fire safety'],
  groups: { gdpr: ['monday', 'tuesday'], 'fire safety': [] },
  roles: ['instructor', 'reporter'],
};

/** The fields as a page would give them to the rule builder. */
export const fields = [
  { name: 'department', label: 'Department' },
  { name: 'email', label: 'E-mail' },
  { name: 'level', label: 'Level', inputType: 'number' },
  { name: 'rate', label: 'Rate', inputType: 'number' },
  { name: 'remote', label: 'Remote', valueEditorType: 'checkbox', defaultValue: false },
  { name: 'hired_on', label: 'Hired on', inputType: 'date', datatype: 'date' },
  { name: 'last_login', label: 'Last login', inputType: 'datetime-local', datatype: 'timestamp' },
  {
    name: 'country',
    label: 'Country',
    valueEditorType: 'select',
    values: ['ZA', 'NA', 'BW', 'Bonaire, Saba'].map(name => ({ name, label: name })),
  },
  {
    name: 'skills',
    label: 'Skills',
    matchModes: true,
    subproperties: [{ name: '', label: 'Skill' }],
    values: ['rust', 'go', 'sql', 'js'].map(name => ({ name, label: name })),
  },
  { name: 'manager', label: 'Manager' },
  { name: 'org', label: 'Unit' },
];

/** One rule in a group. */
export const one = (field, operator, value, more = {}) => ({
  combinator: 'and',
  rules: [{ field, operator, value, ...more }],
});

/** A case whose rule is written as rule text. */
export const means = (name, given, rule) => ({ case: name, given, expect: { rule } });

/** A case that is refused: the code, and where. */
export const refused = (name, given, error, at) => ({ case: name, given, expect: { error, at } });
