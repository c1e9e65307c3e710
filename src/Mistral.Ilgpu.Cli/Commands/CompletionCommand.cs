using System.CommandLine;
using Mistral.Ilgpu.Cli.Options;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral completion SHELL</c>: writes the script with which a shell completes commands, options and
/// values.</summary>
internal static class CompletionCommand
{
    // Each script calls the parser's directive [suggest:POSITION] with the line after the command's name.
    private const string Bash = """
        _mistral() {
            local line=${COMP_LINE:0:COMP_POINT}
            line=${line#"${COMP_WORDS[0]}"}
            line=${line# }
            COMPREPLY=($(compgen -W "$(mistral "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o bashdefault -o default -F _mistral mistral
        """;

    private const string Zsh = """
        #compdef mistral
        _mistral() {
            local line="${(j: :)words[2,CURRENT]}"
            local -a found=("${(@f)$(mistral "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -a found || _files
        }
        compdef _mistral mistral
        """;

    private const string Fish = """
        function __mistral_complete
            set -l line (commandline -cp | string replace -r '^\s*\S+\s?' '')
            mistral "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c mistral -a '(__mistral_complete)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName mistral -ScriptBlock {
            param($word, $ast, $position)
            $typed = $position - $ast.Extent.StartOffset
            $line = $ast.ToString().PadRight($typed).Substring(0, $typed) -replace '^\S+\s?', ''
            mistral "[suggest:$($line.Length)]" $line 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;

    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
        ["pwsh"] = PowerShell,
    };

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = $"One of {string.Join(", ", Scripts.Keys)}." };
        shell.CompletionSources.Add([.. Scripts.Keys]);
        var command = new ExampleCommand(
            "completion", "Writes a script with which a shell completes commands, options and their values.",
            "source <(mistral completion bash)                                 # in ~/.bashrc; in zsh the same, after compinit",
            "mistral completion fish > ~/.config/fish/completions/mistral.fish",
            "mistral completion pwsh | Out-String | Invoke-Expression          # in $PROFILE")
        {
            shell,
        };
        command.SetAction(parse =>
        {
            string name = parse.GetValue(shell)!;
            if (!Scripts.TryGetValue(name, out string? script))
            {
                throw new UsageException(
                    $"SHELL: found '{name}', expected {string.Join(", ", Scripts.Keys)}{Suggestion.For(name, Scripts.Keys)}");
            }

            terminal.Out.Write(script.ReplaceLineEndings("\n") + "\n");
            return ExitCode.Done;
        });
        return command;
    }
}
