#compdef podform
# Completion of podform for zsh: source <(podform completion zsh), or as a file named _podform in $fpath
_podform() {
    local line
    local -a values shown open open_shown
    while IFS= read -r line; do
        if [[ ${line%%$'\t'*} == *[=/] ]]; then
            open+=("${line%%$'\t'*}")
            open_shown+=("${line/$'\t'/  -- }")
        else
            values+=("${line%%$'\t'*}")
            shown+=("${line/$'\t'/  -- }")
        fi
    done < <(command podform __complete zsh "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)
    compadd -l -d shown -a -- values
    compadd -l -S '' -d open_shown -a -- open
}
if [[ $funcstack[1] == _podform ]]; then
    _podform "$@"
else
    compdef _podform podform
fi
