/** What a build reads from git repositories and web servers, brought to a directory. */
export { describeUnpacked, unpackArchive } from './archive.js';
export { type DownloadedFile, type DownloadFileOptions, downloadFile } from './download-file.js';
export { ArchiveTooLargeError, CommitMismatchError, DownloadTooLargeError, GitFailedError } from './errors.js';
export { Git, type GitAccess } from './git.js';
export { checkOut, type ResolvedCommit, resolveCommit } from './git-repository.js';
