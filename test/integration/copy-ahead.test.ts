import { insideNamespaces } from '../support/inside-namespaces.js';

if (insideNamespaces(import.meta.filename)) await import('./copy-ahead-cases.js');
