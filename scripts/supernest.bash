# shellcheck shell=bash
# Completion of supernest(1) for bash. Commands, options and their values come from the command's own --help.

# _supernest_values OPTION HELP: completes the values of an option. Its line in HELP begins "  --option VALUE".
_supernest_values() {
	local cur=${COMP_WORDS[COMP_CWORD]} value
	[[ $cur != = ]] || cur=
	value=$(sed -n "s/^  $1 \([^ ][^ ]*\) .*/\1/p" <<<"$2")
	case $value in
	FILE* | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames ;;
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && compopt -o filenames ;;
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "$(tr '|' '\n' <<<"$value" | grep '^[a-z]')" -- "$cur") ;;
	esac
	[[ -n $value ]]
}

_supernest() {
	local command=${COMP_WORDS[1]} cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} help
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		help=$("$1" help 2>/dev/null | sed -n 's/^  supernest \([a-z]*\) .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$help --help --version" -- "$cur")
		return
	fi
	help=$("$1" "$command" --help 2>/dev/null) || return
	# --option=value is three words here.
	[[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
	[[ $cur != = ]] || previous=${COMP_WORDS[COMP_CWORD - 1]}
	[[ $previous != --* ]] || ! _supernest_values "$previous" "$help" || return
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^  \(--[a-z0-9-]*\) .*/\1/p' <<<"$help") --help" -- "$cur")
	elif [[ $help == "usage: supernest $command "*.json* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames
	fi
}

complete -F _supernest supernest
