import type { CommandResult, Context } from "../context.js";
import type { completion as declaration } from "../declare/completion.js";
import type { Said } from "../declare/command.js";

const BASH = `# cco completion for bash: eval "$(cco completion bash)"
_cco() {
  local line=\${COMP_LINE:0:COMP_POINT} typed words found word kept
  read -ra words <<<"$line"
  typed=\${line##*[[:space:]]}
  [[ -n $typed ]] || words+=("")
  local IFS=$'\n'
  found=($(cco __complete -- "\${words[@]:1}" 2>/dev/null))
  COMPREPLY=()
  if [[ \${found[0]} == :files ]]; then
    COMPREPLY=($(compgen -f -- "$typed"))
    compopt -o filenames 2>/dev/null
    return
  fi
  # bash takes = : @ for the end of a word and replaces what stands behind it.
  kept=\${typed%"\${typed##*[=:@]}"}
  for word in "\${found[@]}"; do
    printf -v word %q "\${word#"$kept"}"
    COMPREPLY+=("$word")
  done
}
complete -F _cco cco`;

const ZSH = `#compdef cco
# cco completion for zsh: eval "$(cco completion zsh)"
_cco() {
  local -a found
  found=("\${(@f)$(cco __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then
    _files
  else
    compadd -- "\${(@)found:#}"
  fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _cco cco`;

const FISH = `# cco completion for fish: cco completion fish | source
function __cco_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (cco __complete -- $words[2..-1] 2>/dev/null)
  if test "$found[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    string join -- \\n $found
  end
end
complete -c cco -f -a "(__cco_complete)"`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;

/** `cco completion`: a script that asks `cco __complete` for the words. */
export function completion(
  _context: Context,
  { shell }: Said<typeof declaration>,
): Promise<CommandResult> {
  const script = SCRIPTS[shell];
  return Promise.resolve({ json: { shell, script }, text: () => script });
}
