/** Environment variables as one value, so that nothing below `config` has to ask the process for them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value; undefined when it is missing or empty, which the XDG rules and the proxy variables treat alike. */
export function readVariable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === '' ? undefined : value;
}

/** A copy of the process's variables, so that later changes of one do not show in the other. It has nothing else: no `constructor`. */
export function processEnvironment(): Environment {
  return Object.assign(Object.create(null), process.env);
}
