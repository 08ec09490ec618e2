# Completion of podform for fish: podform completion fish | source, or in ~/.config/fish/completions/podform.fish
complete -c podform -e
complete -c podform -f -k -a '(command podform __complete fish (commandline -opc) (commandline -ct) 2>/dev/null)'
