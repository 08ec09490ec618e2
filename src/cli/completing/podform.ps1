# Completion of podform for PowerShell: podform completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName podform -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $line = $commandAst.Extent.Text
    $typed = $cursorPosition - $commandAst.Extent.StartOffset
    $line = if ($typed -le $line.Length) { $line.Substring(0, $typed) } else { "$line " }
    # In the environment: older versions lose the quotes of arguments.
    $env:PODFORM_COMPLETE = $line
    try {
        $found = & (Get-Command podform -CommandType Application | Select-Object -First 1) __complete powershell 2>$null
    } finally {
        $env:PODFORM_COMPLETE = $null
    }
    foreach ($one in $found) {
        $value, $about = $one -split "`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}
