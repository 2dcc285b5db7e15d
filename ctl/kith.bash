# SPDX-License-Identifier: Apache-2.0
# bash completion of kith(1): verbs, options and words, as `kith --help` and `kith VERB --help` tell
# them, so that nothing here is to be kept in step with them.

_kith_options() { # VERB
	"${COMP_WORDS[0]}" "$1" --help 2>/dev/null | awk '
		match($0, /^ +(-[A-Za-z], )?--[a-z\[][a-z\]-]+/) {
			option = substr($0, RSTART, RLENGTH); sub(/^.*--/, "--", option)
			if (sub(/\[no-\]/, "", option)) print "--no-" substr(option, 3)
			print option
		}'
}

_kith_words() { # VERB: those of its usage line that are typed as they stand
	"${COMP_WORDS[0]}" "$1" --help 2>/dev/null |
		sed -n '1{s/^usage: kith [^ ]* \[OPTION\]\.\.\.//; s/[^a-z]/ /g; p}'
}

_kith() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb= words i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-r | --run) ((i++)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]}; break ;;
		esac
	done
	if [[ ! $verb ]]; then
		words="--run --help $("${COMP_WORDS[0]}" --help 2>/dev/null |
			sed -n '/^Verbs$/,/^$/s/^  \([a-z-]*\) .*/\1/p')"
	elif [[ $cur == -* ]]; then
		words=$(_kith_options "$verb")
	else
		words=$(_kith_words "$verb")
	fi
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

# what is none of these is a file
complete -o default -F _kith kith
