import { insideNamespaces } from '../support/inside-namespaces.js';

if (insideNamespaces(import.meta.filename)) await import('./sandbox-fake-ids-cases.js');
