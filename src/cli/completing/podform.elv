# Completion of podform for elvish: eval (podform completion elvish | slurp)
use str
set edit:completion:arg-completer[podform] = {|@words|
    try {
        (external podform) __complete elvish $@words 2>/dev/null | from-lines | each {|line|
            var parts = [(str:split &max=2 "\t" $line)]
            var about = (if (> (count $parts) 1) { put '  '$parts[1] } else { put '' })
            edit:complex-candidate $parts[0] &display=$parts[0]$about
        }
    } catch _ { }
}
