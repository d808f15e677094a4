/** Shells there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/*
 * Each script asks `tsbuild __complete -- WORD...`, whose last word is being written. The answer is a line `files` or `words`, then
 * a line for each candidate: the whole word, and after a tab a few words about it.
 */

const BASH = String.raw`# bash completion for tsbuild; load it with: source <(tsbuild completion bash)
_tsbuild() {
  local words=() index word stuck='' answer kind lines line current cut
  # Bash splits at "=" and ":" too; names and flags have both.
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((\${#words[@]} > 0)) && [[ $word == [=:] || $word == := || -n $stuck ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    [[ $word == *[=:] ]] && stuck=yes || stuck=''
  done
  current=\${words[-1]}
  COMPREPLY=()
  answer=$(tsbuild __complete -- "\${words[@]}" 2>/dev/null) || return
  mapfile -t lines <<<"$answer"
  kind=\${lines[0]}
  # What stands before the last "=" or ":" is not replaced.
  cut=\${current%"\${current##*[=:]}"}
  for line in "\${lines[@]:1}"; do
    line=\${line%%$'\t'*}
    COMPREPLY+=("\${line#"$cut"}")
  done
  if [[ $kind == files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "\${current#"$cut"}")
  fi
}
complete -F _tsbuild tsbuild
`.replaceAll('\\$', '$');

const ZSH = String.raw`#compdef tsbuild
# zsh completion for tsbuild; load it with: source <(tsbuild completion zsh)
_tsbuild() {
  local -a lines plain about
  local kind line
  lines=("\${(@f)$(tsbuild __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  kind=$lines[1]
  if [[ $kind == files ]]; then
    compset -P '*='
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    plain+=("\${line%%$'\t'*}")
    about+=("\${line//$'\t'/  -- }")
  done
  compadd -l -d about -a plain
}
compdef _tsbuild tsbuild
`.replaceAll('\\$', '$');

const FISH = String.raw`# fish completion for tsbuild; load it with: tsbuild completion fish | source
function __tsbuild_complete
  set -l words (commandline -opc) (commandline -ct)
  test -n (commandline -ct); or set words (commandline -opc) ''
  set -l lines (tsbuild __complete -- $words[2..-1] 2>/dev/null)
  if test "$lines[1]" = files
    __fish_complete_path (string replace -r '^.*=' '' -- (commandline -ct))
  else
    printf '%s\n' $lines[2..-1]
  end
end
complete -c tsbuild -f -a '(__tsbuild_complete)'
`;

/** What the shell reads to complete words after `tsbuild`. */
export const SHELL_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
