import { insideNamespaces } from '../support/inside-namespaces.js';

if (insideNamespaces(import.meta.filename)) await import('./sandbox-confinement-cases.js');
